package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What brings chg to the socket without its user naming it: the drop-in hg, shell-env and run. */
class DropInIT {

    static final Path DROP_IN = Daemon.DIST.resolve("libexec/hg");

    private static final String STRANGER = "54321";

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        LeftOut.unless(Chg.isThere(), "there is no " + Chg.PROGRAM);
        home = Files.createDirectory(directory.resolve("home"));
        Files.writeString(
                directory.resolve("by.py"),
                """
                def show(ui, **kwargs):
                    with open('/proc/self/cmdline', 'rb') as f:
                        ui.write(b'daemon' if b'hg-cmdserver: ' in f.read() else b'plain')
                        ui.write(b'\\n')
                """);
    }

    private Processes.Result run(Path socket, String... command) throws Exception {
        return Chg.runAt(socket, directory, home, command);
    }

    /** Runs the command with a hook, which prints whether the daemon's process runs it. */
    private Processes.Result by(Path socket, String... hg) throws Exception {
        List<String> command = new ArrayList<>(List.of(hg));
        command.addAll(List.of("version", "-q", "--config"));
        command.add("hooks.pre-version=python:" + directory.resolve("by.py") + ":show");
        Processes.Result all = run(socket, command.toArray(String[]::new));
        String out = all.out().replaceFirst("(?s)Mercurial .*", "");
        return new Processes.Result(all.status(), out, all.err());
    }

    @Test
    @RunsOnce
    void dropInIsPlainHgWhereChgCannotRunTheCommand() throws Exception {
        String hg = DROP_IN.toString();
        Path none = directory.resolve("none");
        assertThat(by(none, hg)).isEqualTo(new Processes.Result(0, "plain\n", ""));
        try (Daemon daemon = Daemon.start(directory)) {
            Path socket = daemon.address();
            assertThat(by(socket, hg).succeeded().out()).isEqualTo("daemon\n");
            assertThat(by(directory.relativize(socket), hg).out()).isEqualTo("daemon\n");
            Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
            assertThat(by(link.resolve("server.sock"), hg).out()).isEqualTo("daemon\n");
            assertThat(by(socket, "env", "CHGINTERNALMARK=", hg).out()).isEqualTo("plain\n");
            Path programs = Files.createDirectory(directory.resolve("programs"));
            for (String program : List.of("sh", "env", "grep", "readlink", "hg")) {
                Files.createSymbolicLink(programs.resolve(program), Path.of("/usr/bin", program));
            }
            assertThat(by(socket, "env", "PATH=" + programs, hg).succeeded().out())
                    .as("without chg in PATH")
                    .isEqualTo("plain\n");
            daemon.kill();
            assertThat(by(socket, hg).out()).as("nobody listens").isEqualTo("plain\n");
            try (Stream<Path> files = Files.list(directory)) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .filteredOn(name -> name.startsWith("server"))
                        .as("chg's own server has others")
                        .containsExactlyInAnyOrder("server.sock", "server.sock.pid");
            }
        }
    }

    /**
     * Each would cost a millisecond or more, at each command, as the stat does that says who owns
     * the path.
     */
    @Test
    @RunsOnce
    void dropInStartsNothingButStatAndChg() throws Exception {
        Calls.leaveOutUnlessTraceable(directory);
        List<String> environment = new ArrayList<>(List.of("PATH=/usr/bin:/bin", "HOME=" + home));
        try (Daemon daemon = Daemon.start(directory)) {
            environment.add("HG_CMDSERVER_SOCKET=" + daemon.address());
            List<String> calls =
                    Calls.of(directory, environment, DROP_IN.toString(), "version", "-q");
            assertThat(calls).hasSize(4);
            assertThat(calls)
                    .filteredOn(call -> call.startsWith("execve"))
                    .containsExactly(
                            "execve " + DROP_IN, "execve /usr/bin/stat", "execve " + Chg.PROGRAM);
            ReloadIT.reload(daemon);
            Path mark = Path.of(daemon.address() + ".pid");
            String own = Files.readString(mark);
            String[] marks = {"1 1\n", daemon.pid() + "\n", daemon.pid() + " 1\n", "\n", ""};
            for (String wrong : marks) { // as of a daemon that was killed
                Files.writeString(mark, wrong);
                assertThat(by(daemon.address(), DROP_IN.toString()).succeeded().out())
                        .as("found in /proc/net/unix with the mark " + wrong)
                        .isEqualTo("daemon\n");
            }
            Files.writeString(mark, own);
            daemon.stop();
            assertThat(mark).doesNotExist();
            Files.writeString(mark, "of another program\n");
        }
        try (Daemon daemon = Daemon.start(directory)) {
            assertThat(by(daemon.address(), DROP_IN.toString()).succeeded().out())
                    .isEqualTo("daemon\n");
            daemon.stop();
            assertThat(Path.of(daemon.address() + ".pid")).hasContent("of another program");
        }
    }

    @Test
    @RunsOnce
    void dropInKeepsTheEnvironment() throws Exception {
        Path none = directory.resolve("none");
        List<String> plain = variables(none, "hg");
        assertThat(plain).contains("name=a", "file=b", "lines=c");
        assertThat(variables(none, DROP_IN.toString())).isEqualTo(plain);
        try (Daemon daemon = Daemon.start(directory)) {
            List<String> served = variables(daemon.address(), DROP_IN.toString());
            assertThat(served).contains("CHGSOCKNAME=" + daemon.address(), "CHGHG=/usr/bin/hg");
            assertThat(served).filteredOn(v -> !v.startsWith("CHG")).isEqualTo(plain);
            daemon.stop();
        }
    }

    /** The environment of a command's program, without the variables of shells. */
    private List<String> variables(Path socket, String hg) throws Exception {
        String[] common = {"env", "name=a", "file=b", "lines=c", hg};
        List<String> command = new ArrayList<>(List.of(common));
        command.addAll(List.of("--config", "alias.e=!env", "e"));
        return run(socket, command.toArray(String[]::new))
                .succeeded()
                .out()
                .lines()
                .filter(v -> !v.matches("(?s)(_|PWD|OLDPWD|SHLVL|HG_CMDSERVER_SOCKET)=.*"))
                .sorted()
                .toList();
    }

    @Test
    @RunsOnce
    void dropInDoesNotSendAnEnvironmentToAnotherUser() throws Exception {
        LeftOut.unless(Chg.isRoot(), "only root can make another user's socket");
        try (Daemon daemon = Daemon.start(directory)) {
            Path socket = daemon.address();
            String[][] foreign = {
                {"chown", STRANGER, socket.toString()},
                {"chown", "0", socket.toString()},
                {"chgrp", STRANGER, socket.toString()},
                {"chgrp", "0", socket.toString()},
                {"chown", STRANGER, directory.toString()},
                {"chown", "0", directory.toString()},
            };
            for (String[] change : foreign) {
                Processes.run(directory, change).succeeded();
                assertThat(by(socket, DROP_IN.toString()).succeeded().out())
                        .as(String.join(" ", change))
                        .isEqualTo(change[1].equals("0") ? "daemon\n" : "plain\n");
            }
            daemon.stop();
        }
    }

    /** Whoever can rename a directory or a link on the way can put another socket there. */
    @Test
    @RunsOnce
    void socketThatAnotherUserCanReplaceIsNotForChg() throws Exception {
        LeftOut.unless(Chg.isRoot(), "only root can give a directory away");
        Path parent = Files.createDirectory(directory.resolve("parent"));
        Path own = Files.createDirectory(parent.resolve("own"));
        Path open = Files.createDirectory(directory.resolve("open"));
        Processes.run(directory, "chmod", "1777", open.toString()).succeeded();
        Path link = Files.createSymbolicLink(open.resolve("link"), own);
        Path far = Files.createSymbolicLink(directory.resolve("far"), link);
        try (Daemon daemon = Daemon.start(own)) {
            Path socket = daemon.address();
            Path linked = link.resolve("server.sock");
            Path twice = far.resolve("server.sock");
            for (Path path : List.of(socket, linked, twice)) {
                assertThat(by(path, DROP_IN.toString()).succeeded().out()).isEqualTo("daemon\n");
            }
            assertIsNotForChg(linked, "chown", "-h", STRANGER, link.toString());
            Processes.run(directory, "chown", "-h", "root", link.toString()).succeeded();
            assertThat(by(twice, DROP_IN.toString()).out()).isEqualTo("daemon\n");
            assertIsNotForChg(twice, "chmod", "0777", open.toString());
            assertThat(by(socket, DROP_IN.toString()).out()).isEqualTo("daemon\n");
            assertIsNotForChg(socket, "chmod", "0775", parent.toString());
            assertThat(by(socket, DROP_IN.toString()).out()).isEqualTo("plain\n");
            Processes.run(directory, "chmod", "0755", parent.toString()).succeeded();
            assertIsNotForChg(socket, "chown", STRANGER, parent.toString());
            daemon.stop();
        }
    }

    private void assertIsNotForChg(Path socket, String... change) throws Exception {
        Processes.run(directory, change).succeeded();
        assertThat(by(socket, DROP_IN.toString()).succeeded().out())
                .as(String.join(" ", change))
                .isEqualTo("plain\n");
        Processes.Result shellEnv = run(socket, Daemon.PROGRAM, "shell-env", "sh");
        assertThat(shellEnv.succeeded().out()).doesNotContain("CHGSOCKNAME");
        assertThat(shellEnv.err()).hasLineCount(1).contains(socket + " is not used");
        Processes.Result run = run(socket, Daemon.PROGRAM, "run", "--", "version");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err())
                .hasLineCount(1)
                .startsWith("hg-cmdserver: cannot trust the server at " + socket + ": ")
                .contains(change[change.length - 1]);
    }

    @Test
    @RunsOnce
    void dropInDoesNotTakeItselfForPlainHg() throws Exception {
        Path first = Files.createDirectory(directory.resolve("first"));
        Files.createSymbolicLink(first.resolve("hg"), DROP_IN);
        Path second = Files.createDirectory(directory.resolve("second"));
        Files.copy(DROP_IN, second.resolve("hg"));
        second.resolve("hg").toFile().setExecutable(true);
        Path third = Files.createDirectory(directory.resolve("third"));
        Files.createSymbolicLink(third.resolve("hg"), Chg.PROGRAM);
        Path fourth = wrapper("fourth", DROP_IN);
        Path fifth = wrapper("fifth", DROP_IN);
        String path =
                "PATH=%s:%s:%s:%s:%s:%s"
                        .formatted(first, second, third, fourth, fifth, System.getenv("PATH"));
        Path none = directory.resolve("none");
        assertThat(by(none, "env", path, "hg")).isEqualTo(new Processes.Result(0, "plain\n", ""));
        String named = "CHGHG=" + first.resolve("hg");
        assertThat(by(none, "env", named, path, "hg").out()).isEqualTo("plain\n");
        try (Daemon daemon = Daemon.start(directory)) {
            assertThat(by(daemon.address(), "env", path, "hg"))
                    .as("the first hg after the scripts that lead back")
                    .isEqualTo(new Processes.Result(0, "daemon\n", ""));
            // chg runs hg itself for this command
            assertThat(run(daemon.address(), "env", path, "hg", "serve", "-d", "--cmdserver", "x"))
                    .isEqualTo(run(none, "/usr/bin/hg", "serve", "-d", "--cmdserver", "x"));
            daemon.stop();
        }
        assertThat(run(none, "env", "PATH=" + first, "/bin/sh", "-c", "hg version -q").status())
                .as("found in /usr/bin")
                .isZero();
    }

    /** A directory with a script named hg that starts the program. */
    private Path wrapper(String name, Path program) throws Exception {
        Path file = Files.createDirectory(directory.resolve(name)).resolve("hg");
        Files.writeString(file, "#!/bin/sh\nexec '%s' \"$@\"\n".formatted(program));
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file.getParent();
    }

    @Test
    @RunsOnce
    void shellEvaluatesWhatShellEnvPrints() throws Exception {
        Path odd = Files.createDirectory(directory.resolve("it's a \\ directory"));
        for (String shell : List.of("sh", "bash", "zsh", "fish")) {
            if (!Files.isExecutable(Path.of("/usr/bin", shell))) {
                System.out.println("left out: shell-env for " + shell + ", which is missing");
                continue;
            }
            String evaluate =
                    shell.equals("fish")
                            ? "$PROGRAM shell-env fish | source"
                            : "alias hg=false\neval \"$(\"$PROGRAM\" shell-env %s)\""
                                    .formatted(shell);
            String commands =
                    evaluate
                            + "\nhg root --cwd repository\n"
                            + "hg --config 'alias.by=!echo $CHGHG' by\necho $CHGSOCKNAME";
            Path repository = odd.resolve("repository");
            Processes.run(directory, "rm", "-rf", repository.toString()).succeeded();
            Repository.create(odd, "repository");
            try (Daemon daemon = Daemon.start(odd)) {
                assertThat(shell(daemon.address(), odd, shell, commands))
                        .isEqualTo("%s\n/usr/bin/hg\n%s\n".formatted(repository, daemon.address()));
                daemon.stop();
            }
            assertThat(shell(odd.resolve("server.sock"), odd, shell, commands))
                    .isEqualTo("%s\n\n\n".formatted(repository));
        }
    }

    private String shell(Path socket, Path directory, String shell, String commands)
            throws Exception {
        Processes.Result result =
                Processes.run(
                        directory,
                        "env",
                        "-u",
                        "CHGHG",
                        "-u",
                        "CHGSOCKNAME",
                        "HOME=" + home,
                        "PROGRAM=" + Daemon.PROGRAM,
                        "HG_CMDSERVER_SOCKET=" + socket,
                        shell,
                        "-c",
                        commands);
        assertThat(result.err()).isEmpty();
        return result.succeeded().out();
    }

    @Test
    @RunsOnce
    void shellEnvSaysWhatItDoesNotUnderstand() throws Exception {
        Path none = directory.resolve("none");
        for (String[] wrong :
                new String[][] {{"tcsh"}, {"sh", "bash"}, {"--addres", "x"}, {"--address"}}) {
            List<String> command = new ArrayList<>(List.of(Daemon.PROGRAM, "shell-env"));
            command.addAll(List.of(wrong));
            Processes.Result result = run(none, command.toArray(String[]::new));
            assertThat(result.status()).as(String.join(" ", wrong)).isEqualTo(64);
            assertThat(result.out()).isEmpty();
            assertThat(result.err()).hasLineCount(1).startsWith("hg-cmdserver: ");
        }
        LeftOut.unless(Chg.isRoot(), "only root can make another user's socket");
        Path socket = directory.resolve("socket");
        try (Daemon daemon = Daemon.start(directory)) {
            Files.createSymbolicLink(socket, daemon.address());
            Processes.run(directory, "chown", STRANGER, daemon.address().toString()).succeeded();
            Processes.Result result = run(socket, Daemon.PROGRAM, "shell-env", "sh");
            assertThat(result.succeeded().out()).doesNotContain("CHGSOCKNAME");
            assertThat(result.err()).hasLineCount(1).contains(socket + " is not used");
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void runBecomesChgUnlessTheServersDirectoryOrEnvironmentIsWanted() throws Exception {
        Path repository = Repository.create(directory, "repository").path();
        try (Daemon daemon = Daemon.start(directory, "-R", repository.toString())) {
            Path socket = daemon.address();
            Path none = directory.resolve("none");
            String at = "--address=" + socket;
            String[] chg = {"--", "--config", "alias.by=!echo ${CHGSOCKNAME-the server}", "by"};
            assertThat(runs(none, chg, at)).isEqualTo(socket + "\n");
            assertThat(runs(none, chg, "--address", socket.toString())).isEqualTo(socket + "\n");
            assertThat(runs(none, chg, "--server-user", "daemon", at)).isEqualTo(socket + "\n");
            assertThat(runs(socket, chg, "--server-user=daemon")).isEqualTo(socket + "\n");
            assertThat(runs(socket, chg)).isEqualTo(socket + "\n");
            assertThat(runs(socket, chg, "--no-chg")).isEqualTo("the server\n");
            assertThat(run(socket, Daemon.PROGRAM, "run", "--server-directory", "--", "root").out())
                    .isEqualTo(repository + "\n");
            Processes.Result unnamed = run(none, Daemon.PROGRAM, "run", "--", "root");
            assertThat(unnamed.status()).isEqualTo(1);
            assertThat(unnamed.err()).contains("cannot connect to " + none);
            daemon.stop();
        }
    }

    private String runs(Path socket, String[] command, String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(Daemon.PROGRAM, "run"));
        all.addAll(List.of(options));
        all.addAll(List.of(command));
        return run(socket, all.toArray(String[]::new)).succeeded().out();
    }
}
