package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code status}, and what {@code run} says too about a socket to which it cannot connect. */
@RunsOnce
class StatusIT {

    @TempDir Path directory;

    private Processes.Result status(Path socket) throws Exception {
        return Processes.run(
                directory, "env", "HG_CMDSERVER_SOCKET=" + socket, Daemon.PROGRAM, "status");
    }

    @Test
    void serverThatAnswers() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            Processes.Result result = status(daemon.address());
            String user = Processes.run(directory, "id", "-un").out().strip();
            assertThat(result.status()).as(result.err()).isZero();
            assertThat(result.out())
                    .contains("socket: " + daemon.address() + "\n")
                    .contains("listening: process %d of %s\n".formatted(daemon.pid(), user))
                    .containsPattern("worker: process \\d+\n");
            daemon.stop();
        }
    }

    @Test
    void noServer() throws Exception {
        Path socket = directory.resolve("server.sock");
        assertUnreachable(
                socket,
                "no server is there; start one with: hg-cmdserver serve --address " + socket);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        server.close(); // leaves the path
        assertUnreachable(socket, "its server has gone; start one with: hg-cmdserver serve");
    }

    @Test
    void notASocket() throws Exception {
        assertUnreachable(directory, "this is a directory; name the socket in it with --address");
        assertUnreachable(
                Files.writeString(directory.resolve("file"), ""),
                "this is a file, not a socket; name the socket with --address");
    }

    private void assertUnreachable(Path socket, String advice) throws Exception {
        Processes.Result result = status(socket);
        assertThat(result.status()).isEqualTo(3);
        assertThat(result.err())
                .startsWith("hg-cmdserver: cannot connect to " + socket + ": ")
                .contains("; " + advice)
                .hasLineCount(1);
    }
}
