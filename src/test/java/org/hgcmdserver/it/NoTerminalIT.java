package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A client of the command server has no terminal, so nothing waits for a person at one. */
class NoTerminalIT {

    @RegisterExtension static final SharedDaemon SHARED = new SharedDaemon();

    /** Gives itself a controlling terminal, and becomes a program. */
    private static final String AT_A_TERMINAL =
            """
            import fcntl, os, pty, sys, termios
            os.setsid()
            master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            os.set_inheritable(master, True)  # its end would hang up
            os.execv(sys.argv[1], sys.argv[1:])
            """;

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "a\n", "one");
    }

    /** A program of this name that waits for ever. */
    private Path waiting(String name) throws Exception {
        return program(name, "exec sleep infinity\n");
    }

    private Path program(String name, String script) throws Exception {
        Path program = Files.writeString(directory.resolve(name), "#!/bin/sh\n" + script);
        return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Session.Answer run(String... command) throws Exception {
        try (Session hg = Session.to(SHARED.get())) {
            String[] all = new String[command.length + 2];
            all[0] = "-R";
            all[1] = repository.toString();
            System.arraycopy(command, 0, all, 2, command.length);
            return hg.run(all);
        }
    }

    @Test
    void editorFailsAtOnce() throws Exception {
        Files.writeString(repository.path().resolve("a"), "b\n");
        Path link = Files.createSymbolicLink(directory.resolve("e"), waiting("vim.tiny"));
        Path wait = waiting("vi");
        for (String editor :
                List.of(
                        wait.toString(),
                        "X=1 " + waiting("nano"),
                        "/usr/bin/env -i " + wait,
                        "sh -c '" + wait + "'",
                        link.toString())) {
            Session.Answer answer = run("commit", "--config", "ui.editor=" + editor);
            assertThat(answer.status()).as(editor).isEqualTo(255);
            assertThat(answer.err())
                    .contains("needs a terminal, and this server's clients have none")
                    .contains("; give the message with -m or -l\n")
                    .contains("abort: edit failed: ");
        }
        assertThat(run("commit", "-m", "two").status()).as("no lock is left").isZero();
    }

    /** A hook's name says nothing. */
    @Test
    void hooksRun() throws Exception {
        Path hook = program("vi", "echo by a hook\n");
        Session.Answer answer = run("version", "-q", "--config", "hooks.pre-version=" + hook);
        assertThat(answer.out()).startsWith("by a hook\n");
    }

    /** A script that makes the message works as with hg. */
    @Test
    void otherEditorsRun() throws Exception {
        Files.writeString(repository.path().resolve("a"), "b\n");
        Path editor = program("edit", "echo by a script >\"$1\"\n");
        assertThat(run("commit", "--config", "ui.editor=" + editor).status()).isZero();
        assertThat(repository.hg("log", "-r", "tip", "-T", "{desc}").out())
                .isEqualTo("by a script");
    }

    @Test
    void mergeToolFailsAtOnce() throws Exception {
        repository.commit("a", "b\n", "two");
        repository.hg("update", "-q", "0");
        repository.commit("a", "c\n", "three");
        Session.Answer answer =
                run(
                        "merge",
                        "--config",
                        "ui.merge=waits",
                        "--config",
                        "merge-tools.waits.executable=" + waiting("vimdiff"));
        assertThat(answer.status()).isEqualTo(1);
        assertThat(answer.err())
                .contains("vimdiff needs a terminal, and this server's clients have none")
                .contains("; choose another merge tool, such as --tool :merge3\n");
        assertThat(repository.hg("resolve", "-l").out()).isEqualTo("U a\n");
    }

    @Test
    void sshHasTheReason() throws Exception {
        Session.Answer answer = run("pull", "ssh://localhost/nonesuch", "--config", "ui.ssh=false");
        assertThat(answer.status()).isEqualTo(255);
        assertThat(answer.err())
                .contains("abort: no suitable response from remote hg")
                .contains("\n(if ssh needed a password");
    }

    /** Even if the daemon was started at one, as ssh asks for a passphrase there. */
    @Test
    void noControllingTerminal() throws Exception {
        Path address = directory.resolve("t.sock");
        List<String> command =
                List.of(
                        "/usr/bin/python3",
                        "-c",
                        AT_A_TERMINAL,
                        Daemon.PROGRAM,
                        "serve",
                        "--debug",
                        "--workers",
                        Daemon.WORKERS,
                        "--address",
                        address.toString());
        try (Daemon daemon = Daemon.launch(directory, address, environment -> {}, command)) {
            Daemon.awaitListening(address);
            if (Daemon.PREFORK) {
                await().until(() -> daemon.log().contains("workers are forked ahead"));
            }
            assertThat(terminal(daemon.pid())).as("the daemon's terminal").isNotZero();
            try (Session hg = Session.to(daemon)) {
                assertThat(terminal(hg.pid())).as("the worker's terminal").isZero();
                Session.Answer answer =
                        hg.run("version", "-q", "--config", "hooks.pre-version=: </dev/tty");
                assertThat(answer.out() + answer.err()).contains("No such device or address");
            }
            daemon.stop();
        }
    }

    /** The device number of a process's controlling terminal. */
    private static long terminal(long pid) throws Exception {
        return Processes.stat(pid, 4);
    }
}
