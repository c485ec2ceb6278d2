package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;

/**
 * An administrator, or NTP on a machine without a clock, sets the system clock while the daemon
 * runs: a wait of an hour must not end a year too early, nor a wait of seconds a year too late.
 */
@RunsOnce
class ClockIT {

    private static final int[] JUMPS = {FakeClock.YEAR, -FakeClock.YEAR};

    @TempDir static Path compiled;

    private static String library;

    @TempDir Path directory;
    private Repository repository;
    private FakeClock clock;
    private AFUNIXDatagramSocket manager;
    private Daemon daemon;

    @BeforeAll
    static void compile() throws Exception {
        library = StandInLibrary.compile(compiled, "clock.c");
    }

    @BeforeEach
    void createClock() throws Exception {
        clock = new FakeClock(directory, library);
        repository = Repository.create(directory, "repository").commit("a", "x", "the one");
        manager = NotifyIT.manager(directory.resolve("notify"));
    }

    @AfterEach
    void end() throws Exception {
        if (daemon != null) {
            daemon.close();
        }
        if (manager != null) {
            manager.close();
        }
    }

    private void start(String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(options));
        all.add(NotifyIT.POLL);
        daemon =
                Daemon.start(
                        directory,
                        env -> {
                            clock.in(env);
                            env.putAll(NotifyIT.environment(directory.resolve("notify")));
                        },
                        all.toArray(String[]::new));
        clock.awaitSeenBy(daemon);
    }

    // an hour

    @Test
    void connectionMayBeIdleForItsHour() throws Exception {
        start("--idle-timeout=1h");
        try (Session hg = Session.to(daemon)) {
            for (int jump : JUMPS) {
                clock.set(jump);
                NotifyIT.awaitRounds(manager);
                clock.assertSeenBy(hg, repository);
            }
        }
        daemon.stop();
        clock.awaitSeenBy(daemon);
    }

    @Test
    void workerMayStartForItsHour() throws Exception {
        Gate gate = new Gate(directory);
        start(
                "--start-timeout=1h",
                "--workers",
                "spawn",
                "--hg",
                hg(gate.command() + "; exec hg \"$@\""));
        try (RawClient client = new RawClient(daemon.address())) {
            gate.awaitReached();
            for (int jump : JUMPS) {
                clock.set(jump);
                NotifyIT.awaitRounds(manager);
            }
            gate.open();
            assertThat(client.readFrame()).startsWith("ocapabilities: ");
        }
        daemon.stop();
        clock.awaitSeenBy(daemon);
    }

    @Test
    void serviceMayBeIdleForItsHour() throws Exception {
        start("--idle-exit=1h");
        for (int jump : JUMPS) {
            clock.set(jump);
            NotifyIT.awaitRounds(manager);
            try (Session hg = Session.to(daemon)) {
                clock.assertSeenBy(hg, repository);
            }
            clock.awaitSeenBy(daemon);
        }
        assertThat(daemon.isAlive()).isTrue();
        daemon.stop();
    }

    @Test
    void drainMayTakeItsHour() throws Exception {
        start("--drain-timeout=1h");
        try (Session hg = Session.to(daemon)) {
            daemon.signal("TERM");
            NotifyIT.awaitMessage(manager, "STOPPING=1");
            for (int jump : JUMPS) {
                clock.set(jump);
                NotifyIT.awaitRounds(manager);
                clock.assertSeenBy(hg, repository);
            }
        }
        assertThat(daemon.awaitExit()).isZero();
        clock.awaitSeenBy(daemon);
    }

    // waits of seconds, long enough to set the clock back before they end

    @Test
    void idleConnectionIsEnded() throws Exception {
        start("--idle-timeout=10s");
        try (RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            clock.set(-FakeClock.YEAR);
            assertThat(client.readToEnd()).isEmpty();
        }
        daemon.awaitNoConnection();
        clock.awaitSeenBy(daemon);
        daemon.stop();
    }

    @Test
    void workerThatNeverSaysHelloIsGivenUp() throws Exception {
        start("--start-timeout=10s", "--workers", "spawn", "--hg", hg("exec sleep 1000"));
        try (RawClient client = new RawClient(daemon.address())) {
            await().until(() -> daemon.busyWorkers().size() == 1);
            NotifyIT.awaitRounds(manager);
            clock.set(-FakeClock.YEAR);
            assertThat(client.readFrame()).contains("has not said hello for 10 s");
        }
        daemon.awaitNoConnection();
        clock.awaitSeenBy(daemon);
        daemon.stop();
    }

    @Test
    void idleServiceEnds() throws Exception {
        start("--idle-exit=10s", "--worker-command", "cat");
        clock.set(-FakeClock.YEAR);
        assertThat(daemon.awaitExit()).isZero();
        assertThat(daemon.log()).contains("no connection for");
        clock.awaitSeenBy(daemon);
    }

    @Test
    void drainEndsConnections() throws Exception {
        start("--drain-timeout=10s");
        try (Session hg = Session.to(daemon)) {
            assertThat(hg.run("root", "-R", repository.toString()).status()).isZero();
            daemon.signal("TERM");
            daemon.awaitLog("stopping; waiting for 1 workers");
            NotifyIT.awaitRounds(manager);
            clock.set(-FakeClock.YEAR);
            assertThat(daemon.awaitExit()).isZero();
        }
        clock.awaitSeenBy(daemon);
    }

    /** An hg that runs this shell command. */
    private String hg(String command) throws Exception {
        Path hg = Files.writeString(directory.resolve("hg"), "#!/bin/sh\n" + command + "\n");
        assertThat(hg.toFile().setExecutable(true)).isTrue();
        return hg.toString();
    }
}
