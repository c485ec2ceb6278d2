package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGKILL to each kind of process: no other client notices, nothing is left behind, and a
 * repository is in its old state, in its new state, or recoverable.
 */
class KillIT {

    private static final String TRANSACTION_LEFT = "abandoned transaction found";

    /** How many commits are killed, each at another moment. */
    private static final int KILLS = Loops.length("kills", 8);

    @TempDir Path directory;
    private Repository repository;
    private Session bystander;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "first");
    }

    @Test
    void workerInACommand() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            bystander = Session.to(daemon);
            Gate gate = new Gate(directory);
            RawClient client = inTheMiddle(daemon, gate);
            kill(workerOtherThan(daemon, bystander.pid()));
            assertThat(client.readToEnd()).isEmpty();
            daemon.awaitLog("was killed by SIGKILL");
            gate.open(); // the hook's shell outlives the worker
            nobodyElseNotices(daemon);
            endsWithNothingLeft(daemon);
        }
    }

    /** Kills the worker before, in and after the transaction. */
    @Test
    void workerInACommit() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            bystander = Session.to(daemon);
            commitUntil("pre-commit", daemon);
            assertThat(repository.hg("recover").out()).doesNotContain("rolling back");
            isWholeAt("first");
            commitUntil("pretxncommit", daemon);
            assertThat(repository.hg("bookmark", "b").err()).contains(TRANSACTION_LEFT);
            assertThat(repository.hg("recover").out()).contains("rolling back");
            isWholeAt("first");
            commitUntil("commit", daemon);
            isWholeAt("second");
            nobodyElseNotices(daemon);
            endsWithNothingLeft(daemon);
        }
    }

    /**
     * In the last moment of a transaction everything is written and readable, but the journal is
     * still there: only recovering shows that the commit must be rolled back. Committing does not,
     * as long as there is nothing to commit.
     */
    @Test
    void workerBeforeTheJournalGoes() throws Exception {
        Path extension =
                Files.writeString(
                        directory.resolve("held.py"),
                        """
                        import subprocess
                        from mercurial import extensions, vfs

                        def extsetup(ui):
                            def before(original, self, path, *arguments, **options):
                                if path == b'journal':
                                    subprocess.call(ui.config(b'hooks', b'held'), shell=True)
                                return original(self, path, *arguments, **options)

                            for name in ('unlink', 'rename'):
                                extensions.wrapfunction(vfs.abstractvfs, name, before)
                        """);
        try (Daemon daemon = Daemon.start(directory)) {
            bystander = Session.to(daemon);
            commitUntil("held", daemon, "--config", "extensions.held=" + extension);
            assertThat(repository.hg("commit", "-m", "no").out()).contains("nothing changed");
            isWholeAt("second");
            assertThat(repository.hg("recover").out()).contains("rolling back");
            isWholeAt("first");
            nobodyElseNotices(daemon);
            endsWithNothingLeft(daemon);
        }
    }

    /** Kills at random moments during many commits; the number of commits proves nothing. */
    @Test
    void workerAtAnyMomentOfACommit() throws Exception {
        Random random = new Random(20161126);
        try (Daemon daemon = Daemon.start(directory)) {
            bystander = Session.to(daemon);
            String before = "first";
            for (int i = 0; i < KILLS; i++) {
                for (int file = 0; file < 20; file++) {
                    Files.writeString(repository.path().resolve("f" + file), "round " + i);
                }
                try (RawClient client = new RawClient(daemon.address())) {
                    client.readFrame();
                    long worker = workerOtherThan(daemon, bystander.pid());
                    client.runCommand("commit -A -q -m round" + i + " -R " + repository);
                    LockSupport.parkNanos(random.nextInt(60_000_000));
                    kill(worker);
                    client.awaitEnd();
                }
                Processes.Result recovered = repository.hg("recover");
                assertThat(recovered.out() + recovered.err())
                        .containsAnyOf("rolling back", "no interrupted transaction");
                Processes.Result committed = repository.hg("commit", "-A", "-m", "next" + i);
                assertThat(committed.status() == 0 || committed.out().contains("nothing changed"))
                        .as("commit is possible again: %s", committed)
                        .isTrue();
                repository.hg("verify", "-q").succeeded();
                String after = repository.hg("log", "-l1", "-T", "{desc}").out();
                assertThat(after).isIn(before, "round" + i, "next" + i);
                before = after;
            }
            nobodyElseNotices(daemon);
            endsWithNothingLeft(daemon);
        }
    }

    @Test
    void idleWorkersAndTemplateInAnyCombination() throws Exception {
        LeftOut.unless(Daemon.PREFORK, "spawned workers are never idle, and have no template");
        try (Daemon daemon = Daemon.start(directory)) {
            bystander = Session.to(daemon);
            Prefork.awaitReady(daemon, 1);
            Prefork.awaitIdle(daemon, 2);
            List<Long> idle = Prefork.idleWorkers(daemon);
            kill(idle.get(0));
            nobodyElseNotices(daemon);
            kill(Prefork.template(daemon));
            nobodyElseNotices(daemon);
            Prefork.awaitReady(daemon, 2);
            Prefork.awaitIdle(daemon, 2);
            List<Long> all = new ArrayList<>(Prefork.idleWorkers(daemon));
            all.add(0, Prefork.template(daemon));
            Processes.stop(daemon.pid()); // so that the daemon notices all kills at once
            for (long pid : all) {
                kill(pid);
            }
            daemon.signal("CONT");
            nobodyElseNotices(daemon);
            Prefork.awaitReady(daemon, 3);
            Prefork.awaitIdle(daemon, 2);
            nobodyElseNotices(daemon);
            endsWithNothingLeft(daemon);
        }
    }

    @Test
    void daemon() throws Exception {
        try (Daemon first = Daemon.start(directory)) {
            bystander = Session.to(first);
            Gate gate = new Gate(directory);
            RawClient busy = inTheMiddle(first, gate);
            Set<Long> served = first.busyWorkers();
            first.kill();
            assertThat(first.address()).exists();
            try (Daemon second = Daemon.start(directory)) {
                second.awaitLog("replaced the stale socket");
                nobodyElseNotices(second);
                gate.open();
                assertThat(busy.awaitResult()).isZero();
                assertThat(bystander.run("root", "-R", repository.toString()).out())
                        .isEqualTo(repository + "\n");
                busy.close();
                endsWithNothingLeft(second);
            }
            for (long pid : served) {
                await().until(() -> !Processes.isAlive(pid));
            }
        }
    }

    /** A client with a command that waits at the gate. */
    private RawClient inTheMiddle(Daemon daemon, Gate gate) throws Exception {
        RawClient client = new RawClient(daemon.address());
        client.readFrame();
        String hook = gate.hook("root").replace(" ", "\t");
        client.runCommand("root -R " + repository + " --config " + hook);
        gate.awaitReached();
        return client;
    }

    /** Kills a worker whose commit has reached a hook. */
    private void commitUntil(String hook, Daemon daemon, String... options) throws Exception {
        Files.writeString(repository.path().resolve("a"), "changed before " + hook);
        Gate gate = new Gate(directory);
        try (RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            String config = "hooks." + hook + "=" + gate.command().replace(" ", "\t");
            List<String> commit = new ArrayList<>(List.of("commit", "-m", "second"));
            commit.addAll(List.of("-R", repository.toString(), "--config", config));
            commit.addAll(List.of(options));
            client.runCommand(String.join(" ", commit));
            gate.awaitReached();
            kill(workerOtherThan(daemon, bystander.pid()));
            client.readToEnd();
        }
        gate.open();
    }

    private void isWholeAt(String description) throws Exception {
        repository.hg("verify", "-q").succeeded();
        assertThat(repository.hg("log", "-l1", "-T", "{desc}").out()).isEqualTo(description);
    }

    /** Checks a client that has been connected all the time, and one that connects now. */
    private void nobodyElseNotices(Daemon daemon) throws Exception {
        assertThat(bystander.run("root", "-R", repository.toString()).out())
                .isEqualTo(repository + "\n");
        try (Session newcomer = Session.to(daemon)) {
            assertThat(newcomer.run("root", "-R", repository.toString()).out())
                    .isEqualTo(repository + "\n");
        }
        assertThat(daemon.isAlive()).isTrue();
        daemon.awaitNoZombies();
    }

    private void endsWithNothingLeft(Daemon daemon) throws Exception {
        bystander.close();
        List<Long> children = Processes.children(daemon.pid());
        daemon.stop();
        for (long pid : children) {
            assertThat(Processes.isAlive(pid)).as("child %s", pid).isFalse();
        }
        assertThat(daemon.address()).doesNotExist();
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(p -> p.getFileName().toString()))
                    .as("private repositories of templates")
                    .noneMatch(name -> name.startsWith("hg-cmdserver-"));
        }
    }

    private static long workerOtherThan(Daemon daemon, long pid) throws Exception {
        await().until(() -> daemon.busyWorkers().size() == 2);
        return daemon.busyWorkers().stream().filter(w -> w != pid).findFirst().orElseThrow();
    }

    private static void kill(long pid) throws Exception {
        Processes.signal(pid, "KILL");
        await().until(() -> !Processes.isAlive(pid));
    }
}
