package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's log on stderr. */
class LogIT {

    @TempDir Path directory;

    @Test
    @RunsOnce
    void journalGetsPriorities() throws Exception {
        // stderr is a stream socket, like systemd's, and JOURNAL_STREAM names it
        Path address = directory.resolve("server.sock");
        String python =
                """
                import os, socket, sys
                ours, theirs = socket.socketpair()
                status = os.fstat(theirs.fileno())
                os.environ['JOURNAL_STREAM'] = '%d:%d' % (status.st_dev, status.st_ino)
                pid = os.fork()
                if not pid:
                    os.dup2(theirs.fileno(), 2)
                    os.execv(sys.argv[1], sys.argv[1:])
                theirs.close()
                while data := ours.recv(4096):
                    os.write(1, data)
                """;
        List<String> command =
                List.of(
                        "python3",
                        "-c",
                        python,
                        Daemon.PROGRAM,
                        "serve",
                        "--debug",
                        "--address",
                        address.toString(),
                        "--worker-command",
                        "kill -9 $$");
        try (Daemon journal = Daemon.launch(directory, address, env -> {}, command)) {
            journal.awaitLog("<6>listening at " + address + "\n");
            try (RawClient client = new RawClient(address)) {
                client.readToEnd();
            }
            journal.awaitLog("<4>worker process (pid=");
            journal.awaitLog("<7>forked worker process");
            assertThat(journal.log().lines()).allMatch(l -> l.matches("<[3467]>.*"));
            Processes.signal(Processes.children(journal.pid()).get(0), "TERM");
            assertThat(journal.awaitExit()).isZero();
        }
    }

    @Test
    @RunsOnce
    void otherStderrIsForPeople() throws Exception {
        try (Daemon daemon = Daemon.start(directory, env -> env.put("JOURNAL_STREAM", "1:2"))) {
            assertThat(daemon.log())
                    .containsPattern("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} info listening at");
        }
    }

    @Test
    void debugTellsOfAWorkersStartAndEnd() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            long pid;
            try (Session hg = Session.to(daemon)) {
                pid = hg.pid();
            }
            daemon.awaitLog(" debug worker process exited (pid=" + pid + ", status 0)");
            assertThat(daemon.log()).contains(" debug forked worker process (pid=" + pid + ")");
        }
    }

    @Test
    @RunsOnce
    void quietSaysNothingAboutWhatIsWell() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(Daemon.PROGRAM, "serve", "--quiet", "--address", address.toString());
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            await().until(() -> Files.exists(address));
            daemon.stop();
            assertThat(daemon.log()).isEmpty();
        }
    }

    @Test
    @RunsOnce
    void fullPipeHoldsUpNobody() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> worker = List.of("--debug", "--worker-command", "exit 3");
        try (Daemon daemon = launchWithPipe("2<>", address, worker)) { // a reader that never reads
            awaitListening(address);
            fillPipe(address);
            Process reader = readLog();
            await().until(
                            () -> {
                                try (RawClient client = new RawClient(address)) {
                                    client.readToEnd(); // its worker makes the daemon log lines
                                }
                                return Files.readString(directory.resolve("read"))
                                        .contains(
                                                "lines of the log are lost: the reader is too slow");
                            });
            reader.destroy();
            reader.waitFor();
            fillPipe(address);
            daemon.stop();
        }
    }

    /** Connects to find out, since the test cannot read the log here. */
    private static void awaitListening(Path address) {
        await().ignoreExceptions()
                .until(
                        () -> {
                            new RawClient(address).close();
                            return true;
                        });
    }

    /**
     * Logs more than a pipe and the daemon's own queue hold: each client makes 4 lines of some 100
     * bytes.
     */
    private static void fillPipe(Path address) throws Exception {
        for (int i = 0; i < 600; i++) {
            try (RawClient client = new RawClient(address)) {
                assertThat(client.readToEnd()).contains("status 3");
            }
        }
    }

    @Test
    void closedPipeHarmsNobody() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> options = List.of("--debug", "--workers", Daemon.WORKERS);
        try (Daemon daemon = launchWithPipe("2>", address, options)) {
            await().until(() -> Files.exists(directory.resolve("log")));
            Process reader = readLog();
            await().until(
                            () ->
                                    Files.readString(directory.resolve("read"))
                                            .contains("listening at"));
            reader.destroy();
            reader.waitFor();
            answersRight(daemon);
            daemon.signal("HUP");
            answersRight(daemon);
            daemon.stop();
        }
    }

    private static void answersRight(Daemon daemon) throws Exception {
        for (int i = 0; i < 10; i++) {
            try (Session session = Session.to(daemon)) {
                assertThat(session.run("debuglock", "--config", "a.b=c").status()).isNotZero();
                assertThat(session.run("config", "a.b", "--config", "a.b=c").out())
                        .isEqualTo("c\n");
            }
        }
    }

    /** Starts a daemon whose stderr is the pipe "log". */
    private Daemon launchWithPipe(String redirection, Path address, List<String> options)
            throws Exception {
        String start = "mkfifo log && exec \"$0\" \"$@\" " + redirection + "log";
        List<String> command = new ArrayList<>(List.of("sh", "-c", start, Daemon.PROGRAM));
        command.addAll(List.of("serve", "--address", address.toString()));
        command.addAll(options);
        return Daemon.launch(directory, address, env -> {}, command);
    }

    private Process readLog() throws Exception {
        Path read = directory.resolve("read");
        return new ProcessBuilder("cat", directory.resolve("log").toString())
                .redirectOutput(read.toFile())
                .start();
    }

    /** Mercurial's own message about the request quotes it, in a worker whose stderr is the log. */
    @Test
    void bytesOfAClientReachTheLogAsText() throws Exception {
        try (Daemon daemon = Daemon.start(directory);
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readFrame()).contains("capabilities");
            client.send("no\0<0>such\033[31m\rcommand\n");
            client.awaitEnd();
            daemon.awaitLog("abort: unknown command ");
            daemon.awaitLog("no?<0>such?command");
            daemon.stop();
            assertThat(daemon.log())
                    .doesNotContain("\0")
                    .doesNotContain("\033")
                    .doesNotContain("\r");
        }
    }

    @Test
    void whatAnExtensionPrintsReachesTheLogAsText() throws Exception {
        Path extension = directory.resolve("loud.py");
        Files.writeString(
                extension,
                """
                import sys
                def reposetup(ui, repo):
                    sys.stderr.write('one \\033[31mcolour\\033]0;\\x9b\\n<0>two\\n')
                    sys.stderr.flush()
                    ui.warn(b'three \\xc2\\x9b\\x9b\\n<0>four\\n')
                """);
        Path configuration = directory.resolve("hgrc");
        Files.writeString(configuration, "[extensions]\nloud = %s\n".formatted(extension));
        Repository repository = Repository.create(directory, "r");
        try (Daemon daemon =
                Daemon.start(
                        directory,
                        env -> env.put("HGRCPATH", configuration.toString()),
                        "-R",
                        repository.toString())) {
            daemon.connect().close();
            daemon.awaitLog("one colour?]0;?\n?0>two\n");
            daemon.awaitLog("three ?\\x9b\n?0>four\n");
            daemon.stop();
        }
    }
}
