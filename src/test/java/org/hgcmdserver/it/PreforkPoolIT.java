package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.idleWorkers;
import static org.hgcmdserver.it.Prefork.template;
import static org.hgcmdserver.it.Processes.await;
import static org.hgcmdserver.it.Processes.stat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;

/** Workers that are forked ahead: their parent, the number that wait, and their end. */
class PreforkPoolIT {

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
    }

    private Daemon start(String... options) throws Exception {
        return Prefork.start(directory, home, options);
    }

    @Test
    void workersAreTheDaemonsChildrenInItsSession() throws Exception {
        try (Daemon daemon = start();
                Session hg = Session.to(daemon)) {
            assertThat(command(hg.pid())).contains("hg-cmdserver: ");
            assertThat(Processes.status(hg.pid(), "PPid")).isEqualTo("" + daemon.pid());
            assertThat(stat(hg.pid(), 2)).as("process group").isEqualTo(hg.pid());
            assertThat(stat(hg.pid(), 3)).as("session").isEqualTo(stat(daemon.pid(), 3));
            long template = template(daemon);
            assertThat(stat(template, 2)).as("the template's group").isEqualTo(template);
            assertThat(stat(template, 3)).isEqualTo(stat(daemon.pid(), 3));
            hg.close();
            daemon.stop();
            assertThat(Processes.isAlive(template)).isFalse();
        }
    }

    /** Where clone(2) cannot make a worker the daemon's child, reparenting an orphan does. */
    @Test
    void workerThatIsForkedTwiceIsTheSubreapersChild() throws Exception {
        String program =
                """
                import ctypes, os, sys, time
                sys.path.insert(0, sys.argv[1])
                from hgcmdserver import forking
                PR_SET_CHILD_SUBREAPER = 36
                ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
                daemon = os.getpid()
                template = os.fork()
                if not template:
                    if forking.forktwice(lambda pid: None):
                        sys.exit()
                    for _ in range(60_000): # until its parent has ended
                        if os.getppid() == daemon:
                            os._exit(7)
                        time.sleep(0.001)
                    os._exit(8)
                print('template', os.waitstatus_to_exitcode(os.waitpid(template, 0)[1]))
                pid, status = os.wait()
                print('worker', os.waitstatus_to_exitcode(status))
                """;
        Path script = Files.writeString(directory.resolve("twice.py"), program);
        String python = Daemon.DIST.resolve("lib/python").toString();
        Processes.Result result =
                Processes.run(directory, "/usr/bin/python3", script.toString(), python);
        assertThat(result.out()).as(result.err()).isEqualTo("template 0\nworker 7\n");
    }

    /**
     * systemd-tmpfiles removes files unused for some days, unless they are locked (tmpfiles.d(5)).
     */
    @Test
    void ageingOfTemporaryFilesLeavesThePrivateRepositoryAlone() throws Exception {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        Files.createDirectories(temporary.resolve("unused/.hg"));
        Path rule = directory.resolve("rule.conf");
        Files.writeString(rule, "e " + temporary + " - - - 0\n");
        try (Daemon daemon =
                Daemon.start(
                        directory,
                        env -> env.put("TMPDIR", temporary.toString()),
                        "--workers",
                        "prefork")) {
            Prefork.awaitReady(daemon, 1);
            Processes.run(directory, "systemd-tmpfiles", "--clean", rule.toString()).succeeded();
            assertThat(temporary.resolve("unused")).doesNotExist();
            try (Stream<Path> left = Files.list(temporary)) {
                assertThat(left.toList())
                        .singleElement()
                        .satisfies(own -> assertThat(own.resolve(".hg/requires")).exists());
            }
            daemon.stop();
            assertThat(temporary).isEmptyDirectory();
        }
    }

    @Test
    void poolGrowsWithDemand() throws Exception {
        try (Daemon daemon = start("--min-idle", "1", "--max-idle", "3")) {
            await().until(() -> idleWorkers(daemon).size() == 1);
            List<RawClient> clients = openAtOnce(daemon, 12);
            await().until(() -> idleWorkers(daemon).size() == 3); // one, if the pool had not grown
            await().until(() -> daemon.busyWorkers().size() == 12);
            for (long worker : daemon.busyWorkers()) {
                assertThat(command(worker)).contains(Prefork.FORKED);
            }
            clients.add(new RawClient(daemon.address()));
            assertThat(clients.get(12).readFrame()).contains("runcommand");
            for (RawClient client : clients) {
                client.runCommand("version -q");
                assertThat(client.awaitResult()).isZero();
                client.close();
            }
            daemon.awaitNoConnection();
            assertThat(idleWorkers(daemon)).hasSizeBetween(1, 3);
            daemon.stop();
        }
    }

    @Test
    void overTheMaximumConnectionsWaitInOrderAndNobodyIsDropped() throws Exception {
        for (String kind : new String[] {"prefork", "spawn"}) {
            Path notify = directory.resolve("notify-" + kind);
            try (AFUNIXDatagramSocket manager = NotifyIT.manager(notify);
                    Daemon daemon =
                            Daemon.start(
                                    Files.createDirectory(directory.resolve(kind)),
                                    env -> env.putAll(NotifyIT.environment(notify)),
                                    NotifyIT.POLL,
                                    "--workers",
                                    kind,
                                    "--max-workers",
                                    "2");
                    Session a = Session.to(daemon);
                    Session b = Session.to(daemon);
                    RawClient third = new RawClient(daemon.address());
                    RawClient fourth = new RawClient(daemon.address())) {
                NotifyIT.awaitRounds(manager);
                assertThat(daemon.connections()).as("with those who wait").isEqualTo(4);
                assertThat(daemon.busyWorkers())
                        .containsExactlyInAnyOrder((long) a.pid(), (long) b.pid());
                a.close();
                assertThat(third.readFrame()).contains("runcommand");
                NotifyIT.awaitRounds(manager);
                assertThat(daemon.connections()).isEqualTo(3);
                assertThat(daemon.busyWorkers())
                        .hasSize(2)
                        .contains((long) b.pid())
                        .doesNotContain((long) a.pid());
                b.close();
                assertThat(fourth.readFrame()).contains("runcommand");
                third.close();
                fourth.close();
                daemon.stop();
            }
        }
    }

    @Test
    void drainLetsIdleWorkersAndTheTemplateGo() throws Exception {
        try (Daemon daemon = start();
                Session hg = Session.to(daemon)) {
            List<Long> idle = idleWorkers(daemon);
            long template = template(daemon);
            daemon.signal("TERM");
            await().until(() -> !Processes.isAlive(template));
            for (long pid : idle) {
                await().until(() -> !Processes.isAlive(pid));
            }
            assertThat(hg.run("version", "-q").status()).isZero();
            hg.close();
            assertThat(daemon.awaitExit()).isZero();
            assertThat(directory.toFile().list((d, name) -> name.startsWith("hg-cmdserver-")))
                    .as("directories of the warm-up")
                    .isEmpty();
        }
    }

    @Test
    void warmUpRunsNobodysHooks() throws Exception {
        Path ran = directory.resolve("ran");
        Files.writeString(
                home.resolve(".hgrc"),
                "[hooks]\npre-log=touch "
                        + ran
                        + "\npre-init=touch "
                        + ran
                        + "\ncommit=touch "
                        + ran
                        + "\n");
        try (Daemon daemon = start();
                Session hg = Session.to(daemon)) {
            await().until(() -> idleWorkers(daemon).size() >= 2);
            assertThat(ran).doesNotExist();
            hg.run("log", "-R", Repository.create(directory, "r").toString());
            assertThat(ran).exists();
        }
    }

    private static void connectAtOnce(Daemon daemon, int count) throws Exception {
        for (RawClient client : openAtOnce(daemon, count)) {
            client.close();
        }
        await().until(() -> daemon.busyWorkers().size() == 1);
    }

    /**
     * Opens more connections than there are idle workers, so that the daemon sees all of them at
     * once.
     */
    private static List<RawClient> openAtOnce(Daemon daemon, int count) throws Exception {
        List<RawClient> clients = new ArrayList<>();
        Processes.stop(daemon.pid());
        for (int i = 0; i < count; i++) {
            clients.add(new RawClient(daemon.address()));
        }
        daemon.signal("CONT");
        for (RawClient client : clients) {
            assertThat(client.readFrame()).contains("runcommand");
        }
        return clients;
    }
}
