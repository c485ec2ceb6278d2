package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.listener.BoundListener;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Ticker;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.WorkerSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ForkingServiceTest {

    private static final ServiceConfig CONFIG =
            new ServiceConfig(
                    Duration.ofSeconds(1),
                    10,
                    ServiceConfig.Limits.NONE,
                    ServiceConfig.Ending.WHEN_ALL_HAVE_LEFT,
                    List.of());

    @TempDir Path directory;

    @Test
    void startThatFailsAfterItsBindLeavesNoSocket() throws Exception {
        Path address = directory.resolve("server.sock");
        WorkerSource.Factory failing =
                (loop, children, table, owner) -> {
                    assertThat(address).as("bound by then").exists();
                    throw new IOException("no workers today");
                };
        ForkingService service =
                ForkingService.open(
                        address, new Handler(), CONFIG, failing, Notifier.NONE, Ticker.SYSTEM);
        List<String> before = sockets();
        assertThatThrownBy(service::init).hasMessage("no workers today");
        assertThat(directory).isEmptyDirectory();
        assertThat(service.state()).isEqualTo(ServiceState.STOPPED);
        assertThat(before).as("open sockets").containsAll(sockets());
    }

    @Test
    void clientInTheQueueOfAStartThatFailsReadsTheReason() throws Exception {
        Path address = directory.resolve("server.sock");
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            WorkerSource.Factory failing =
                    (loop, children, table, owner) -> {
                        client.connect(UnixDomainSocketAddress.of(address));
                        throw new IOException("no workers today");
                    };
            ForkingService service =
                    ForkingService.open(
                            address, new Handler(), CONFIG, failing, Notifier.NONE, Ticker.SYSTEM);
            assertThatThrownBy(service::init).hasMessage("no workers today");
            assertThat(Channels.newInputStream(client).readAllBytes())
                    .asString()
                    .startsWith("e")
                    .endsWith("hg-cmdserver: the service cannot start: no workers today\n");
        }
    }

    /** The sockets that this process has open, as their inodes. */
    private static List<String> sockets() throws IOException {
        List<String> sockets = new ArrayList<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                try {
                    sockets.add(Files.readSymbolicLink(descriptor).toString());
                } catch (NoSuchFileException closed) {
                    // the descriptor of the listing itself
                }
            }
        }
        sockets.removeIf(target -> !target.startsWith("socket:"));
        return sockets;
    }

    private static final class Handler implements ServiceHandler {

        @Override
        public Listener bindSocket(Path address) throws IOException {
            return BoundListener.bind(address, 0600);
        }

        @Override
        public void printBanner(String address) {}

        @Override
        public CommandServer createCmdServer(Peer peer) {
            return new CommandServer("/bin/false", List.of("false"), null, false, false);
        }
    }
}
