package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A drain that ends each connection between two requests. */
class FinishIT {

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "the one");
    }

    /** The clients are python-hglib's, thirteen in one process. */
    @Test
    void idleClientsDoNotHoldItAndBusyOnesGetTheirAnswers() throws Exception {
        Path program = directory.resolve("clients.py");
        Files.writeString(
                program,
                ReadmeIT.hglibClient()
                        + """

                import threading

                address, repository, hook = sys.argv[1:]
                idle = [SocketClient(address, repository) for _ in range(10)]
                for hg in idle:
                    hg.log(limit=1)
                busy = [SocketClient(address, repository) for _ in range(3)]
                answers = []

                def ask(hg):
                    answers.append(hg.rawcommand([b'log', b'-T', b'{desc}', b'--config', hook.encode()]))

                threads = [threading.Thread(target=ask, args=(hg,)) for hg in busy]
                for thread in threads:
                    thread.start()
                print('attached', flush=True)
                for thread in threads:
                    thread.join()
                print(answers, flush=True)
                ends = [hg.server.stdout.read() for hg in idle + busy]
                print(ends.count(b''), 'ends', flush=True)
                """);
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory, "--drain", "finish")) {
            Process clients =
                    new ProcessBuilder(
                                    "/usr/bin/python3",
                                    program.toString(),
                                    daemon.address().toString(),
                                    repository.toString(),
                                    gate.hook("log"))
                            .redirectError(directory.resolve("errors").toFile())
                            .start();
            try (BufferedReader said =
                    new BufferedReader(new InputStreamReader(clients.getInputStream()))) {
                assertThat(said.readLine()).as(errors()).isEqualTo("attached");
                gate.awaitReached(3);
                await().until(() -> daemon.busyWorkers().size() == 13);
                daemon.signal("TERM");
                await().untilAsserted(() -> assertThat(daemon.busyWorkers()).hasSize(3));
                assertThat(daemon.isAlive()).isTrue();
                gate.open();
                assertThat(said.readLine())
                        .as(errors())
                        .isEqualTo("[b'the one', b'the one', b'the one']");
                long answered = System.nanoTime();
                assertThat(daemon.awaitExit()).isZero();
                System.out.printf(
                        "ended %d ms after the last command%n",
                        (System.nanoTime() - answered) / 1_000_000);
                assertThat(said.readLine()).as(errors()).isEqualTo("13 ends");
                assertThat(clients.waitFor()).isZero();
            } finally {
                clients.destroyForcibly();
            }
        }
    }

    private String errors() throws Exception {
        return Files.readString(directory.resolve("errors"));
    }

    @Test
    void commandThatWaitsForInputAborts() throws Exception {
        Files.writeString(repository.path().resolve("a"), "two\n");
        try (Daemon daemon = Daemon.start(directory, "--drain=finish");
                RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.runCommand(
                    "commit -i -m picked --config ui.interactive=yes --config ui.interface=text -R "
                            + repository);
            client.awaitPrompt();
            daemon.signal("TERM");
            assertThat(client.awaitResult()).isEqualTo(255);
            assertThat(client.readToEnd()).isEmpty();
            assertThat(daemon.awaitExit()).isZero();
        }
        assertThat(repository.hg("log", "-l1", "-T", "{desc}").out()).isEqualTo("the one");
        assertThat(repository.hg("status").out()).isEqualTo("M a\n");
    }

    @Test
    void requestThatHasArrivedInPartNeverRuns() throws Exception {
        Path ran = directory.resolve("ran");
        String request = "tag --config hooks.pre-tag=touch${IFS}" + ran + " -R repository name";
        try (Daemon daemon = Daemon.start(directory, "--drain", "finish")) {
            List<RawClient> clients = new ArrayList<>();
            byte[] whole = RawClient.request(request);
            for (int length = 1; length < whole.length; length += 7) {
                RawClient client = new RawClient(daemon.address());
                client.readFrame();
                client.send(java.util.Arrays.copyOf(whole, length));
                clients.add(client);
            }
            daemon.signal("TERM");
            for (RawClient client : clients) {
                assertThat(client.readToEnd()).isEmpty();
                client.close();
            }
            assertThat(daemon.awaitExit()).isZero();
        }
        assertThat(ran).doesNotExist();
        // the complete request does run
        try (Daemon daemon = Daemon.start(directory, "--drain", "finish");
                RawClient client = new RawClient(daemon.address())) {
            client.send(RawClient.request(request));
            daemon.signal("TERM"); // the worker answers a request that has arrived, however late
            client.readFrame();
            assertThat(client.awaitResult()).isZero();
            assertThat(daemon.awaitExit()).isZero();
        }
        assertThat(ran).exists();
    }

    @Test
    void waitBecomesFinishAfterTheTimeout() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--drain-timeout", "300ms");
                Session idle = Session.to(daemon)) {
            assertThat(idle.run("version", "-q").status()).isZero();
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.log()).contains("1 connections are left");
        }
    }

    @Test
    void alsoForConnectionsThatAnEarlierImageHasAccepted() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--drain", "finish");
                Session idle = Session.to(daemon)) {
            assertThat(idle.run("version", "-q").status()).isZero();
            ReloadIT.reload(daemon);
            assertThat(idle.run("version", "-q").status()).isZero();
            daemon.stop();
        }
    }
}
