package org.hgcmdserver.it;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.hgcmdserver.client.CommandClient;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Limits on what a client may hold for ever, and the end of a daemon that no client can reach. */
class LimitsIT {

    private static final String AGAIN = " again, which had been removed";

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "the one");
    }

    @Test
    void connectionThatAsksNothingIsEnded() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--idle-timeout", "1s")) {
            try (RawClient silent = new RawClient(daemon.address())) {
                silent.readFrame();
                assertThat(silent.readToEnd()).isEmpty();
            }
            try (RawClient half = new RawClient(daemon.address())) {
                half.send("runcommand\n\0\0\0\7ver");
                half.readFrame();
                assertThat(half.readToEnd()).isEmpty();
            }
            try (RawClient once = new RawClient(daemon.address())) {
                once.runCommand("root -R " + repository);
                once.readFrame();
                assertThat(once.awaitResult()).isZero();
                assertThat(once.readToEnd()).isEmpty();
            }
            daemon.awaitNoConnection();
            daemon.stop();
            assertThat(daemon.log()).doesNotContain("Traceback");
        }
    }

    /** The timeout ends neither a slow command nor one that waits for its client's input. */
    @Test
    void commandIsNotEnded() throws Exception {
        Files.writeString(repository.path().resolve("a"), "two\n");
        Gate gate = new Gate(directory);
        // each client asks at once, since the limit also covers the time before a request
        try (Daemon daemon = Daemon.start(directory, "--idle-timeout", "1s");
                RawClient busy = new RawClient(daemon.address())) {
            busy.runCommand(
                    "root -R " + repository + " --config " + gate.hook("root").replace(" ", "\t"));
            gate.awaitReached();
            try (RawClient prompted = new RawClient(daemon.address())) {
                prompted.runCommand(
                        "commit -i -m picked --config ui.interactive=yes"
                                + " --config ui.interface=text -R "
                                + repository);
                prompted.awaitPrompt();
                long later = System.nanoTime() + 2_500_000_000L; // well beyond the limit
                await().until(() -> System.nanoTime() - later > 0);
                gate.open();
                assertThat(busy.awaitResult()).isZero();
                prompted.send(new byte[] {0, 0, 0, 2, 'y', '\n'});
                prompted.awaitPrompt();
                prompted.send(new byte[] {0, 0, 0, 2, 'y', '\n'});
                assertThat(prompted.awaitResult()).isZero();
            }
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void workerThatNeverSaysHelloIsGivenUp() throws Exception {
        Path hg = directory.resolve("hg");
        Files.writeString(hg, "#!/bin/sh\nsleep 1000\nexit 1\n");
        assertThat(hg.toFile().setExecutable(true)).isTrue();
        try (Daemon daemon =
                        Daemon.start(
                                directory,
                                "--workers",
                                "spawn",
                                "--start-timeout=300ms",
                                "--hg=" + hg);
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readFrame())
                    .matches(
                            "ehg-cmdserver: worker process \\(pid=\\d+\\) has not said hello for 0 s\n");
            assertThat(client.readToEnd()).isEmpty();
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void daemonWhosePathIsGoneBindsItAgain() throws Exception {
        String[] options = {"--poll-interval", "1h", "--socket-mode", "0660"}; // without a poll
        try (Daemon daemon = Daemon.start(directory, options);
                Session hg = Session.to(daemon)) {
            for (int i = 1; i <= 2; i++) { // the second time, of a socket that it has bound again
                Files.delete(daemon.address());
                int times = i;
                await().until(() -> daemon.log().split(AGAIN, -1).length == times + 1);
                try (Session another = Session.to(daemon)) {
                    assertThat(another.run("version", "-q").status()).isZero();
                }
                assertThat(
                                PosixFilePermissions.toString(
                                        Files.getPosixFilePermissions(daemon.address())))
                        .isEqualTo("rw-rw----");
                assertThat(hg.run("version", "-q").status()).isZero();
                ReloadIT.reload(daemon);
            }
            hg.close();
            daemon.awaitNoConnection();
            daemon.stop();
            assertThat(daemon.address()).doesNotExist();
        }
    }

    @Test
    @RunsOnce
    void daemonWhoseDirectoryIsGoneServesOnAndEnds() throws Exception {
        Path own = Files.createDirectory(directory.resolve("own"));
        Path address = own.resolve("server.sock");
        List<String> command = new ArrayList<>(List.of(Daemon.PROGRAM, "serve", "--debug"));
        command.addAll(List.of("--workers", Daemon.WORKERS, "--poll-interval", "50ms"));
        command.addAll(List.of("--address", address.toString()));
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            daemon.awaitLog("listening at");
            servesOnAndEnds(daemon, () -> Files.move(own, directory.resolve("moved")));
        }
    }

    @Test
    @RunsOnce
    void daemonWhosePathIsAnotherFilesServesOnAndEnds() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--poll-interval", "50ms")) {
            Path another = Files.createFile(directory.resolve("another"));
            servesOnAndEnds(daemon, () -> Files.move(another, daemon.address(), REPLACE_EXISTING));
            assertThat(daemon.address()).isRegularFile();
        }
    }

    @Test
    @RunsOnce
    void daemonWhosePathIsAnothersServesOnAndEnds() throws Exception {
        Path elsewhere = directory.resolve("another");
        OwnServer another = OwnServer.start(elsewhere, Map.of());
        try (Daemon daemon = Daemon.start(directory, "--poll-interval", "50ms")) {
            Path path = daemon.address();
            servesOnAndEnds(daemon, () -> Files.move(elsewhere, path, REPLACE_EXISTING));
            try (Session hg = new Session(CommandClient.connect(path))) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
        } finally {
            another.stop();
            another.awaitEnd();
        }
    }

    private static void servesOnAndEnds(Daemon daemon, ThrowingCallable takeThePath)
            throws Exception {
        try (Session hg = Session.to(daemon)) {
            assertThat(hg.run("version", "-q").status()).isZero();
            assertThatCode(takeThePath).doesNotThrowAnyException();
            daemon.awaitLog("is not this server's any more");
            assertThat(hg.run("version", "-q").status()).isZero();
            assertThat(daemon.isAlive()).isTrue();
        }
        assertThat(daemon.awaitExit()).isZero();
    }
}
