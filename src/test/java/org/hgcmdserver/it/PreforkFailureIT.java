package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.READY;
import static org.hgcmdserver.it.Prefork.awaitIdle;
import static org.hgcmdserver.it.Prefork.idleWorkers;
import static org.hgcmdserver.it.Prefork.template;
import static org.hgcmdserver.it.Prefork.version;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that end early or are too long, and templates and idle workers that die. */
class PreforkFailureIT {

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
    }

    private Daemon start(String... options) throws Exception {
        return Prefork.start(directory, home, options);
    }

    // strictness

    @Test
    void truncatedRequestNeverRuns() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        try (Daemon daemon = start()) {
            String bookmark = "bookmark\0-R\0" + repository + "\0created";
            for (String request :
                    List.of(
                            request(bookmark + "xyz").substring(0, request(bookmark).length()),
                            "runcommand",
                            "runcommand\n\0\0")) {
                try (RawClient client = new RawClient(daemon.address())) {
                    client.readFrame();
                    client.send(request);
                    client.shutdownOutput();
                    assertThat(client.readToEnd()).isEmpty();
                }
            }
            daemon.awaitNoConnection();
            assertThat(repository.hg("bookmarks").out()).doesNotContain("created");
        }
    }

    @Test
    void requestOverTheLimitIsRefused() throws Exception {
        try (Daemon daemon = start("--max-request", "8K")) {
            try (RawClient client = new RawClient(daemon.address())) {
                client.readFrame();
                client.send("runcommand\n\377\0\0\0");
                assertThat(client.readFrame())
                        .startsWith("e")
                        .contains("over the limit of 8192 (--max-request)");
                client.shutdownOutput();
                assertThat(client.readToEnd()).isEmpty();
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
        }
    }

    @Test
    void inputOverTheLimitIsNotTakenForRequests() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        try (Daemon daemon = start("--max-request", "4K");
                RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.send(request("import\0-R\0" + repository + "\0-"));
            String asked = "";
            while (!asked.startsWith("I") && !asked.startsWith("L")) {
                asked = client.readFrameOrAsking();
            }
            String inside = request("bookmark\0-R\0" + repository + "\0injected");
            client.send(length(5000) + inside + "x".repeat(5000 - inside.length()));
            String said = "";
            for (String frame = client.readFrame(); !frame.startsWith("r"); ) {
                said += frame;
                frame = client.readFrame();
            }
            assertThat(said).contains("abort: input of 5000 bytes is over the limit");
            daemon.awaitNoConnection();
            assertThat(repository.hg("bookmarks").out()).doesNotContain("injected");
        }
    }

    @Test
    void commandThatWaitsForInputAbortsWhenItsClientIsGone() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x\n", "m");
        String patch = repository.commit("a", "y\n", "second").hg("export", "tip").out();
        repository.hg("update", "-q", "0").succeeded();
        try (Daemon daemon = start();
                RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.send(request("import\0-R\0" + repository + "\0--no-commit\0-"));
            String asked = "";
            while (!asked.startsWith("I") && !asked.startsWith("L")) {
                asked = client.readFrameOrAsking();
            }
            // a complete patch, but no end of the input
            byte[] bytes = patch.getBytes(UTF_8);
            client.send(length(bytes.length) + new String(bytes, ISO_8859_1));
            client.shutdownOutput();
            assertThat(client.readToEnd())
                    .contains("abort: the connection ended before the input was complete");
            assertThat(repository.hg("status").out()).isEmpty();
        }
    }

    private static String request(String arguments) {
        return "runcommand\n" + length(arguments.length()) + arguments;
    }

    private static String length(int length) {
        return ""
                + (char) (length >> 24)
                + (char) (length >> 16 & 255)
                + (char) (length >> 8 & 255)
                + (char) (length & 255);
    }

    // faults

    @Test
    void templateThatIsKilledIsReplacedAndNobodyIsRefused() throws Exception {
        try (Daemon daemon = start();
                Session busy = Session.to(daemon)) {
            long template = template(daemon);
            Processes.signal(template, "KILL");
            daemon.awaitLog("killed by SIGKILL; starting hg for each connection");
            for (int i = 0; i < 5; i++) { // more than the idle workers
                assertThat(version(daemon)).contains("Mercurial");
            }
            assertThat(busy.run("version", "-q").status()).isZero();
            await().until(() -> daemon.log().split(READY).length == 3);
            awaitIdle(daemon, 2);
            assertThat(template(daemon)).isNotEqualTo(template);
            busy.close();
            daemon.stop();
        }
    }

    @Test
    void templateThatIsStuckIsReplacedAndNobodyIsRefused() throws Exception {
        try (Daemon daemon = start("--min-idle", "1")) {
            long template = template(daemon);
            Processes.stop(template);
            for (int i = 0; i < 3; i++) {
                assertThat(version(daemon)).contains("Mercurial");
            }
            daemon.awaitLog("the template has not forked a worker");
            await().until(() -> daemon.log().split(READY).length == 3);
            await().until(() -> !Processes.isAlive(template));
            Processes.stop(template(daemon));
            daemon.stop();
        }
    }

    @Test
    void idleWorkersThatAreKilledAreNotMissed() throws Exception {
        try (Daemon daemon = start()) {
            awaitIdle(daemon, 2);
            for (long pid : idleWorkers(daemon)) {
                Processes.signal(pid, "KILL");
                // else the daemon may give this worker a connection
                daemon.awaitLog("worker process (pid=" + pid + ") was killed");
            }
            assertThat(version(daemon)).contains("Mercurial");
            awaitIdle(daemon, 2);
            daemon.awaitNoZombies();
            daemon.stop();
        }
    }
}
