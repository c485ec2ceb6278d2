package org.hgcmdserver.it;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemon's end: the daemon stops accepting, serves the connected clients, waits for all workers
 * and kills none.
 */
class DrainIT {

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "the one");
    }

    @Test
    void slowCommandFinishesAndQueuedClientsAreServed() throws Exception {
        String big = "0123456789abcde\n".repeat(64 * 1024);
        repository.commit("big", big, "big");
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory);
                Session slow = Session.to(daemon)) {
            CompletableFuture<Session.Answer> answer =
                    answerOf(
                            slow,
                            "cat",
                            "--config",
                            gate.hook("cat"),
                            "--cwd",
                            repository.toString(),
                            "big");
            gate.awaitReached();

            // a stopped daemon leaves new clients in its queue
            Processes.stop(daemon.pid());
            List<CompletableFuture<String>> queued = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                RawClient client = new RawClient(daemon.address());
                client.send("runcommand\n\0\0\0\4root");
                queued.add(
                        CompletableFuture.supplyAsync(() -> readHello(client), Processes.THREADS));
            }
            daemon.signal("TERM");
            daemon.signal("CONT");
            await().until(() -> !Files.exists(daemon.address()));
            for (CompletableFuture<String> hello : queued) {
                assertThat(hello.get(60, TimeUnit.SECONDS)).contains("runcommand");
            }
            assertThatThrownBy(daemon::connect).isInstanceOf(SocketException.class);

            assertThat(daemon.isAlive()).isTrue();
            assertThat(answer.isDone()).isFalse();
            gate.open();
            assertThat(answer.get(60, TimeUnit.SECONDS).status()).isZero();
            assertThat(answer.get().out().equals(big)).isTrue();
            List<Long> workers = Processes.children(daemon.pid());
            slow.close();
            assertThat(daemon.awaitExit()).isZero();
            for (long worker : workers) {
                assertThat(Processes.status(worker, "State")).isNull();
            }
        }
    }

    @Test
    void idleClientIsWaitedFor() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            try (Session hg = Session.to(daemon)) {
                daemon.signal("INT");
                daemon.awaitDrain();
                await().until(() -> !Files.exists(daemon.address()));
                String r = repository.toString();
                assertThat(hg.run("log", "-R", r, "-T", "{desc}").out()).isEqualTo("the one");
            }
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    @Test
    void secondSignalEndsTheWaitAndLeavesTheWorkers() throws Exception {
        try (Daemon daemon = Daemon.start(directory);
                Session hg = Session.to(daemon)) {
            daemon.signal("TERM");
            daemon.awaitDrain();
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isEqualTo(1);
            String r = repository.toString();
            assertThat(hg.run("log", "-R", r, "-T", "{desc}").out()).isEqualTo("the one");
        }
    }

    @Test
    void afterTheStopTimeoutTheDaemonNamesTheWorkersThatItLeaves() throws Exception {
        String big = "0123456789abcde\n".repeat(64 * 1024);
        repository.commit("big", big, "big");
        String file = repository.path().resolve("big").toString();
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory, "--stop-timeout", "1s");
                Session held = Session.to(daemon);
                RawClient reader = new RawClient(daemon.address())) {
            assertThat(reader.readFrame()).contains("runcommand");
            reader.runCommand("cat\0-R\0" + repository + "\0" + file);
            CompletableFuture<Session.Answer> answer =
                    answerOf(
                            held,
                            "cat",
                            "--config",
                            gate.hook("cat"),
                            "-R",
                            repository.toString(),
                            file);
            gate.awaitReached();
            reader.awaitOutput();
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isEqualTo(75);
            String user = Processes.run(directory, "id", "-un").out().strip();
            String client =
                    "for %s (pid=%d), since 0min: ".formatted(user, ProcessHandle.current().pid());
            assertThat(daemon.log())
                    .contains(
                            "worker process (pid=%d) ".formatted(held.pid())
                                    + client
                                    + "waits for sh (pid=")
                    .contains(client + "its client does not read the output");
            gate.open();
            assertThat(answer.get(60, TimeUnit.SECONDS).out().equals(big)).isTrue();
        }
    }

    @Test
    void commandWhoseClientHasGoneIsInterruptedAfterTheOrphanTimeout() throws Exception {
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory, "--orphan-timeout", "10ms");
                RawClient present = new RawClient(daemon.address())) {
            assertThat(present.readFrame()).contains("runcommand");
            try (RawClient client = new RawClient(daemon.address())) {
                assertThat(client.readFrame()).contains("runcommand");
                String hook = gate.hook("version").replace(' ', '\t');
                client.runCommand("version -q --config " + hook);
                gate.awaitReached();
            }
            daemon.awaitLog("its client has gone");
            await().until(() -> daemon.connections() == 1);
            present.runCommand("version -q");
            assertThat(present.readFrame()).startsWith("oMercurial");
            present.close();
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void somebodyElsesSocketAtThePathIsLeftAlone() throws Exception {
        Path other = Files.writeString(directory.resolve("other"), "not yours");
        try (Daemon daemon = Daemon.start(directory, "--poll-interval", "1h")) {
            // at once: the daemon binds a path again at which there is nothing
            Files.move(other, daemon.address(), ATOMIC_MOVE);
            daemon.stop();
            assertThat(daemon.address()).hasContent("not yours");
            assertThat(daemon.log()).contains("is not this server's socket any more");
        }
    }

    @Test
    void backgroundProcessOfAHookDoesNotHoldIt() throws Exception {
        Path pidFile = directory.resolve("pid");
        try (Daemon daemon = Daemon.start(directory)) {
            try (Session hg = Session.to(daemon)) {
                String hook =
                        "hooks.pre-version=sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > "
                                + pidFile;
                assertThat(hg.run("version", "-q", "--config", hook).status()).isZero();
            }
            long background = Long.parseLong(Files.readString(pidFile).strip());
            try {
                daemon.stop();
                assertThat(Processes.isAlive(background)).isTrue();
            } finally {
                Processes.signal(background, "KILL");
            }
        }
    }

    private static CompletableFuture<Session.Answer> answerOf(Session hg, String... command) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return hg.run(command);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                Processes.THREADS);
    }

    private static String readHello(RawClient client) {
        try (client) {
            return client.readFrame();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
