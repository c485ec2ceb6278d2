package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The state that a worker process starts with, and its end. */
class WorkerIT {

    private static final String NONE = "0000000000000000";

    @RegisterExtension static final SharedDaemon SHARED = new SharedDaemon();

    @TempDir Path directory;

    @Test
    void startsClean() throws Exception {
        // a daemon with a blocked and an ignored signal, a stray descriptor and a limit of its own
        Path address = directory.resolve("server.sock");
        String start =
                "ulimit -S -n 300; trap '' USR1; exec 7</dev/null; exec env --block-signal=USR2 "
                        + "LISTEN_PID=1 LISTEN_FDS=1 NOTIFY_SOCKET= WATCHDOG_USEC=1 "
                        + String.join(
                                " ",
                                Daemon.PROGRAM,
                                "serve",
                                "--debug",
                                "--workers",
                                Daemon.WORKERS,
                                "--address",
                                address.toString());
        try (Daemon daemon =
                Daemon.launch(directory, address, env -> {}, List.of("sh", "-c", start))) {
            daemon.awaitLog("listening at");
            if (Daemon.PREFORK) { // else the worker might be spawned
                Prefork.awaitIdle(daemon, 1);
            }
            try (Session hg = Session.to(daemon)) {
                TitleIT.awaitFree(hg); // until then it may open files
                long worker = hg.pid();
                assertThat(Processes.status(worker, "SigBlk")).isEqualTo(NONE);
                // Python ignores SIGPIPE and SIGXFSZ itself
                assertThat(Processes.status(worker, "SigIgn")).isIn(NONE, "0000000001001000");
                assertThat(Processes.status(worker, "PPid")).isEqualTo("" + daemon.pid());
                assertThat(limitOfFiles(worker)).startsWith("300 ");
                // hg itself has moved 0 and 1; all are the connection, the log or /dev/null, and
                // the code of libffi's closures, which libffi keeps open since 3.5
                String expected = "\\d+ -> (socket:.*|/dev/null|.*\\.log|.*/libffi\\.so[.\\d]*)";
                assertThat(Processes.descriptors(worker))
                        .allMatch(d -> d.matches(expected))
                        .hasSizeLessThanOrEqualTo(Daemon.PREFORK ? 12 : 5);
                List<String> environment =
                        List.of(
                                Files.readString(Path.of("/proc/" + worker + "/environ"))
                                        .split("\0"));
                assertThat(environment)
                        .contains("HGPLAIN=1", "HGENCODING=UTF-8")
                        .noneMatch(e -> e.matches("(LISTEN_|NOTIFY_SOCKET|WATCHDOG_).*"));
            }
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void plainProgramHasTheConnectionAndStderrAndNothingElse() throws Exception {
        String report = "grep -E '^Sig(Blk|Ign)' /proc/self/status; exec ls -l /proc/self/fd";
        try (Daemon daemon = Daemon.start(directory, "--worker-command", report);
                RawClient client = new RawClient(daemon.address())) {
            String[] lines = client.readToEnd().split("\n");
            assertThat(lines[0]).endsWith(NONE);
            assertThat(lines[1]).endsWith(NONE);
            List<String> descriptors = new ArrayList<>(List.of(lines).subList(2, lines.length));
            descriptors.removeIf(d -> d.contains("/proc/") || d.startsWith("total")); // ls's own
            assertThat(descriptors).hasSize(3);
            assertThat(descriptors.get(0)).contains(" 0 -> socket:");
            assertThat(descriptors.get(1)).contains(" 1 -> socket:");
            assertThat(descriptors.get(2)).contains(" 2 -> ").contains(".log");
        }
    }

    @Test
    void environmentOfTheDaemonWins() throws Exception {
        try (Daemon daemon =
                        Daemon.start(
                                directory,
                                env -> {
                                    env.put("HGPLAIN", "");
                                    env.put("HGENCODING", "latin-1");
                                });
                Session hg = Session.to(daemon)) {
            assertThat(hg.client().hello().fields()).containsEntry("encoding", "latin-1");
            assertThat(Files.readString(Path.of("/proc/" + hg.pid() + "/environ")))
                    .contains("\0HGPLAIN=\0");
        }
    }

    @Test
    void environmentReachesItByteForByte() throws Exception {
        Path address = directory.resolve("server.sock");
        String start =
                "LC_ALL=C HGUSER=$(printf 'J\\374rgen') exec "
                        + String.join(
                                " ",
                                Daemon.PROGRAM,
                                "serve",
                                "--debug",
                                "--workers",
                                Daemon.WORKERS,
                                "--address",
                                address.toString());
        try (Daemon daemon =
                Daemon.launch(directory, address, env -> {}, List.of("sh", "-c", start))) {
            daemon.awaitLog("listening at");
            try (Session hg = Session.to(daemon)) {
                byte[] environ = Files.readAllBytes(Path.of("/proc/" + hg.pid() + "/environ"));
                assertThat(new String(environ, java.nio.charset.StandardCharsets.ISO_8859_1))
                        .contains("HGUSER=J\u00fcrgen\0");
            }
        }
    }

    @Test
    void hasAProcessGroupOfItsOwn() throws Exception {
        Daemon daemon = SHARED.get();
        try (Session one = Session.to(daemon);
                Session two = Session.to(daemon)) {
            assertThat(processGroup(one.pid())).isEqualTo(one.pid());
            assertThat(processGroup(two.pid())).isEqualTo(two.pid());
            assertThat(processGroup(daemon.pid())).isNotIn((long) one.pid(), (long) two.pid());
            assertThat(session(one.pid())).isEqualTo(session(daemon.pid()));
        }
    }

    @Test
    void daemonKeepsAHandleOfTheConnectionUntilTheWorkerHasEnded() throws Exception {
        Daemon daemon = SHARED.get();
        List<String> common;
        try (Session hg = Session.to(daemon)) {
            common = new ArrayList<>(Processes.sockets(hg.pid()));
            common.retainAll(Processes.sockets(daemon.pid()));
            assertThat(Set.copyOf(common)).hasSize(1);
        }
        await().until(() -> Collections.disjoint(Processes.sockets(daemon.pid()), common));
    }

    @Test
    void exitsAreReaped() throws Exception {
        Daemon daemon = SHARED.get();
        int pid;
        try (Session hg = Session.to(daemon)) {
            pid = hg.pid();
            assertThat(daemon.isParentOf(pid)).isTrue();
        }
        await().until(() -> Processes.status(pid, "State") == null);
        daemon.awaitNoZombies();
    }

    @Test
    @RunsOnce
    void workerThatLeftItsGroupIsReapedToo() throws Exception {
        String leave =
                "exec python3 -c 'import os, sys; os.setpgid(0, os.getpgid(os.getppid())); "
                        + "print(os.getpgid(0) != os.getpid(), flush=True); sys.exit(7)'";
        try (Daemon daemon = Daemon.start(directory, "--worker-command", leave);
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readToEnd()).isEqualTo("True\n");
            daemon.awaitNoConnection();
            assertThat(Processes.children(daemon.pid())).isEmpty();
        }
    }

    @Test
    void deathByASignalIsAWarningAndNobodyElsesConcern() throws Exception {
        Daemon daemon = SHARED.get();
        try (Session victim = Session.to(daemon);
                Session bystander = Session.to(daemon)) {
            Processes.signal(victim.pid(), "SEGV");
            daemon.awaitLog("warn worker process (pid=" + victim.pid() + ") was killed by SIGSEGV");
            assertThat(bystander.run("version", "-q").status()).isZero();
        }
    }

    @Test
    void terminalsInterruptEndsTheDaemonAndNoWorker() throws Exception {
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory);
                Session hg = Session.to(daemon)) {
            String hook = gate.hook("version");
            var answer =
                    java.util.concurrent.CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return hg.run("version", "-q", "--config", hook);
                                } catch (java.io.IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            },
                            Processes.THREADS);
            gate.awaitReached();
            // a terminal's Ctrl-C signals the daemon's whole group. The test's JVM shares
            // that group, so the test signals the members one by one.
            long group = processGroup(daemon.pid());
            assertThat(processGroup(hg.pid())).isNotEqualTo(group);
            daemon.signal("INT");
            daemon.awaitDrain();
            gate.open();
            assertThat(answer.get().status()).isZero();
            hg.close();
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    private static long processGroup(long pid) throws Exception {
        return Processes.stat(pid, 2);
    }

    private static long session(long pid) throws Exception {
        return Processes.stat(pid, 3);
    }

    private static String limitOfFiles(long pid) throws Exception {
        return Files.readString(Path.of("/proc/" + pid + "/limits"))
                .lines()
                .filter(l -> l.startsWith("Max open files"))
                .map(l -> l.replaceFirst("Max open files\\s+", ""))
                .findFirst()
                .orElseThrow();
    }
}
