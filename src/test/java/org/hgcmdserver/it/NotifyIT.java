package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramPacket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** What the service manager is told, read from its end of a real notification socket. */
class NotifyIT {

    @TempDir Path directory;

    @Test
    void readyStatusStopping() throws Exception {
        Path path = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = AFUNIXDatagramSocket.newInstance()) {
            manager.bind(AFUNIXSocketAddress.of(path));
            manager.setSoTimeout((int) Processes.PATIENCE.toMillis());
            try (Daemon daemon =
                    Daemon.start(directory, env -> env.put("NOTIFY_SOCKET", path.toString()))) {
                awaitMessage(manager, "READY=1");
                try (Session hg = Session.to(daemon)) {
                    awaitMessage(manager, "STATUS=1 connection");
                    daemon.signal("TERM");
                    awaitMessage(manager, "STOPPING=1");
                    awaitMessage(manager, "STATUS=Stopping, waiting for 1 connection");
                }
                assertThat(daemon.awaitExit()).isZero();
                assertThat(daemon.log()).doesNotContain("warn");
            }
        }
    }

    @Test
    void withoutASocketNothingIsSaid() throws Exception {
        try (Daemon daemon = Daemon.start(directory, env -> env.remove("NOTIFY_SOCKET"))) {
            daemon.stop();
            assertThat(daemon.log()).doesNotContainIgnoringCase("notify");
        }
    }

    @Test
    void brokenSocketIsOneWarning() throws Exception {
        for (String socket :
                new String[] {directory + "/missing", "@abstract", "/" + "x".repeat(200)}) {
            try (Daemon daemon = Daemon.start(directory, env -> env.put("NOTIFY_SOCKET", socket));
                    Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
                hg.close();
                daemon.stop();
                assertThat(daemon.log().lines().filter(l -> l.contains(" warn ")))
                        .as(socket)
                        .hasSize(1)
                        .allMatch(l -> l.contains("cannot notify the service manager"));
            }
        }
    }

    private static void awaitMessage(AFUNIXDatagramSocket manager, String expected)
            throws Exception {
        DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
        while (true) {
            manager.receive(packet); // a timeout is the failure
            String message =
                    new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
            if (message.contains(expected)) {
                return;
            }
        }
    }
}
