package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written to stderr. */
class LogIT {

    @TempDir Path directory;

    @Test
    void journalGetsPriorities() throws Exception {
        // stderr is a stream socket, as systemd's is, and JOURNAL_STREAM says so
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
    void otherStderrIsForPeople() throws Exception {
        try (Daemon daemon = Daemon.start(directory, env -> env.put("JOURNAL_STREAM", "1:2"))) {
            assertThat(daemon.log())
                    .containsPattern("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} info listening at");
        }
    }

    @Test
    void quietSaysNothingAboutWhatIsWell() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(Daemon.PROGRAM, "serve", "--quiet", "--address", address.toString());
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            Processes.await().until(() -> Files.exists(address));
            daemon.stop();
            assertThat(daemon.log()).isEmpty();
        }
    }
}
