package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers that cannot start or die before their hello: the client receives the reason, the daemon
 * goes on.
 */
class BrokenWorkerIT {

    @TempDir Path directory;

    @Test
    @RunsOnce
    void programThatVanished() throws Exception {
        Path hg = directory.resolve("hg");
        Files.createSymbolicLink(hg, Path.of("/usr/bin/hg"));
        try (Daemon daemon = Daemon.start(directory, "--workers", "spawn", "--hg", hg.toString())) {
            Files.delete(hg);
            try (RawClient client = new RawClient(daemon.address())) {
                assertThat(client.readToEnd())
                        .isEqualTo(error("cannot start " + hg + ": No such file or directory"));
            }
            assertThatThrownBy(daemon::connect)
                    .hasMessageContaining("cannot start " + hg + ": No such file or directory");
            Files.createSymbolicLink(hg, Path.of("/usr/bin/hg"));
            try (Session session = Session.to(daemon)) {
                assertThat(session.run("version", "-q").status()).isZero();
            }
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void exitBeforeTheHello() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--worker-command", "exit 3");
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readToEnd())
                    .startsWith("e")
                    .contains("ended before it said hello: status 3");
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void exitBeforeTheHelloOfAClientThatHasAlreadySaidAllItHasToSay() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--worker-command", "read x; exit 3");
                RawClient client = new RawClient(daemon.address())) {
            client.shutdownOutput();
            assertThat(client.readToEnd()).contains("ended before it said hello: status 3");
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void deathBeforeTheHello() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--worker-command", "kill -ABRT $$");
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readToEnd()).contains("killed by SIGABRT");
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void realMercurialThatCannotStart() throws Exception {
        Path hg = directory.resolve("hg");
        Files.writeString(hg, "#!/bin/sh\nexec /usr/bin/hg \"$@\" -R /nonexistent\n");
        Files.setPosixFilePermissions(hg, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Daemon daemon = Daemon.start(directory, "--workers", "spawn", "--hg", hg.toString())) {
            assertThatThrownBy(daemon::connect)
                    .hasMessageContaining("ended before it said hello: status 255");
            daemon.awaitLog("abort: repository /nonexistent not found");
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void nothingIsAddedAfterAHello() throws Exception {
        // the worker says hello, waits until the client must have read it, and fails
        String worker = "printf 'o\\0\\0\\0\\5hello'; read x; exit 3";
        try (Daemon daemon = Daemon.start(directory, "--worker-command", worker);
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readFrame()).isEqualTo("ohello");
            client.send("\n");
            assertThat(client.readToEnd()).isEmpty();
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void nothingIsAddedToAHelloThatIsNotReadYet() throws Exception {
        Path ran = directory.resolve("ran");
        String worker = "touch '" + ran + "'; printf 'o\\0\\0\\0\\5hello'; exit 3";
        try (Daemon daemon = Daemon.start(directory, "--worker-command", worker);
                RawClient client = new RawClient(daemon.address())) {
            Processes.await().until(() -> Files.exists(ran));
            daemon.awaitNoConnection();
            assertThat(client.readToEnd()).isEqualTo("o\0\0\0\5hello");
            daemon.stop();
        }
    }

    @Test
    void clientThatLeavesWithTheHelloIsToldNothing() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            for (int i = 0; i < 10; i++) {
                try (RawClient client = new RawClient(daemon.address())) {
                    // the daemon sees at once: the hello, its being read, the client leaving
                    Processes.await().until(() -> daemon.busyWorkers().size() == 1);
                    Processes.stop(daemon.pid());
                    client.readFrame();
                    client.shutdownOutput();
                    daemon.signal("CONT");
                    assertThat(client.readToEnd()).isEmpty();
                }
                daemon.awaitNoConnection();
            }
            assertThat(daemon.log()).doesNotContain("warn");
            daemon.stop();
        }
    }

    private static String error(String reason) {
        String text = "hg-cmdserver: " + reason + "\n";
        return "e\0\0\0" + (char) text.length() + text;
    }
}
