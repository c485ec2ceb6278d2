package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code run} at a real terminal. */
@RunsOnce
class TerminalIT {

    /** A command that asks for a name, a password, and one more line. */
    private static final String EXTENSION =
            """
            from mercurial import registrar
            cmdtable = {}
            command = registrar.command(cmdtable)
            @command(b'ask', [], b'', norepo=True)
            def ask(ui):
                name = ui.prompt(b'user:', default=b'')
                ui.warn(b'hello %s\\n' % name)
                ui.status(b'it has %d bytes\\n' % len(ui.getpass()))
                ui.warn(b'now\\n')
                ui.status(b'got %s\\n' % ui.prompt(b'more:', default=b'').upper())
            """;

    /** Types a user's input, and looks at the terminal. */
    private static final String TYPIST =
            """
            import os, pty, signal, sys, termios, time

            pid, fd = pty.fork()
            if not pid:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.execvp(sys.argv[2], sys.argv[2:])
            shown = ''

            def expect(text):
                global shown
                while text not in shown:
                    shown += os.read(fd, 4096).decode()

            def echo(on):
                deadline = time.monotonic() + 60
                while bool(termios.tcgetattr(fd)[3] & termios.ECHO) != on:
                    if time.monotonic() > deadline:
                        sys.exit('the echo is not %s; %r' % (on, shown))

            def type(text):
                os.write(fd, text.encode())

            try:
                expect('user: ')
                type('me\\n')
                expect('password: ')
                echo(False)
                if sys.argv[1] == 'answer':
                    type('secret\\n')
                    expect('it has 6 bytes')
                    echo(True)
                    expect('more: ')
                    type('x\\n')
                    expect('got X')
                else:
                    type('\\x03')
                expect('status ')
                echo(True)
                type('\\n')
                while True:
                    data = os.read(fd, 4096).decode()
                    shown += data
                    if not data:
                        break
            except OSError:
                pass  # EIO: the end
            sys.stdout.write(shown.replace('\\r', ''))
            """;

    @TempDir Path directory;

    @BeforeEach
    void writeTheScripts() throws Exception {
        Files.writeString(directory.resolve("ask.py"), EXTENSION);
        Files.writeString(directory.resolve("typist.py"), TYPIST);
        Files.writeString(directory.resolve("channel.rc"), "[ui]\nmessage-output = channel\n");
        Files.writeString(directory.resolve("stdio.rc"), "");
    }

    /** Returns the terminal's output. */
    private String typed(Daemon daemon, String how) throws Exception {
        String shell = "trap : INT; \"$@\"; echo \"status $?\"; read line";
        return Processes.run(
                        directory,
                        "python3",
                        "typist.py",
                        how,
                        "sh",
                        "-c",
                        shell,
                        "sh",
                        Daemon.PROGRAM,
                        "run",
                        "--no-chg",
                        "--address",
                        daemon.address().toString(),
                        "--",
                        "ask",
                        "--config",
                        "extensions.ask=" + directory.resolve("ask.py"))
                .succeeded()
                .out();
    }

    /** With the message channel and without. */
    @ParameterizedTest
    @ValueSource(strings = {"stdio.rc", "channel.rc"})
    void passwordIsNotShownAndTheRestIs(String configuration) throws Exception {
        String rc = directory.resolve(configuration).toString();
        try (Daemon daemon = Daemon.start(directory, env -> env.put("HGRCPATH", rc))) {
            assertThat(typed(daemon, "answer"))
                    .startsWith(
                            """
                            user: me
                            hello me
                            password:\s
                            it has 6 bytes
                            now
                            more: x
                            got X
                            status 0
                            """);
            daemon.stop();
        }
    }

    @Test
    void interruptedPromptLeavesTheEchoOn() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            assertThat(typed(daemon, "interrupt")).contains("status 130\n");
            daemon.stop();
        }
    }
}
