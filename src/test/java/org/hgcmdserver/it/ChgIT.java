package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.hgcmdserver.worker.prefork.ChgRules;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's chg, with CHGSOCKNAME at the daemon's socket: each command is as with plain hg. */
class ChgIT {

    private static final String CHG = Chg.PROGRAM.toString();

    /** A user id without a name. */
    private static final String STRANGER = "54321";

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        LeftOut.unless(Chg.isThere(), "there is no " + CHG);
        home = Files.createDirectory(directory.resolve("home"));
        Files.writeString(home.resolve(".hgrc"), "[ui]\nusername = t\n");
    }

    private Processes.Result chg(Daemon daemon, String... command) throws Exception {
        return Processes.run(directory, withChg(daemon, command));
    }

    /** The command with chg's socket and this test's home in its environment. */
    private String[] withChg(Daemon daemon, String... command) {
        List<String> all =
                new ArrayList<>(List.of("env", "HOME=" + home, "CHGSOCKNAME=" + daemon.address()));
        all.addAll(List.of(command));
        return all.toArray(String[]::new);
    }

    /** Waits until forked workers serve the chg of {@link #chg} with these variables. */
    private void awaitWarm(Daemon daemon, String... variables) {
        await().until(() -> isServedWarm(daemon, variables));
    }

    /** Whether a command runs in a forked worker, not in a process that replaces it. */
    private boolean isServedWarm(Daemon daemon, String... variables) throws Exception {
        return Chg.isForked(process(daemon, variables));
    }

    private String process(Daemon daemon, String... variables) throws Exception {
        List<String> all = new ArrayList<>(List.of("HOME=" + home));
        all.addAll(List.of(variables));
        return Chg.process(daemon, directory, all);
    }

    /** Copies a resource of this test into its directory. */
    private void copy(String name) throws Exception {
        try (InputStream resource = getClass().getResourceAsStream("chg/" + name)) {
            Files.copy(resource, directory.resolve(name));
        }
    }

    /** A client that sends no directory must not run commands in the daemon's. */
    @Test
    @RunsOnce
    void programThatDoesNotKnowChgRefuses() throws Exception {
        try (Daemon daemon =
                Daemon.start(directory, "--worker-command", "exec hg serve --cmdserver pipe")) {
            Processes.Result result = chg(daemon, CHG, "root");
            assertThat(result.status()).isEqualTo(255);
            assertThat(result.out()).isEmpty();
            assertThat(result.err())
                    .isEqualTo(
                            "hg-cmdserver: /bin/sh cannot serve chg; start hg itself, or"
                                    + " hg-cmdserver run --no-chg\n");
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void strangersChgIsRefused() throws Exception {
        LeftOut.unless(Chg.isRoot(), "only root can act as another user");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Daemon daemon =
                Daemon.start(directory, "--socket-mode=0666", "--allow-user=" + STRANGER)) {
            Processes.Result result =
                    chg(
                            daemon,
                            "setpriv",
                            "--reuid=" + STRANGER,
                            "--regid=" + STRANGER,
                            "--clear-groups",
                            CHG,
                            "root");
            assertThat(result.status()).isEqualTo(255);
            assertThat(result.out()).isEmpty();
            assertThat(result.err())
                    .isEqualTo(
                            "hg-cmdserver: this server runs the commands of uid 0 for chg, not those"
                                    + " of uid %s\n".formatted(STRANGER));
            daemon.stop();
        }
    }

    /** The command and its editor finish, and the commit is made. */
    @Test
    void drainWaitsForAnOpenEditor() throws Exception {
        Repository repository = Repository.create(directory, "repository");
        Files.writeString(repository.path().resolve("a"), "a");
        Path open = directory.resolve("open");
        Path end = directory.resolve("end");
        Processes.run(directory, "mkfifo", end.toString()).succeeded();
        // chg starts the editor, in the foreground of its terminal
        String editor =
                "f() { cat /proc/$PPID/comm >'%s'; cat '%s' >\"$1\"; }; f".formatted(open, end);
        try (Daemon daemon = Daemon.start(directory, "--drain", "finish")) {
            CompletableFuture<Processes.Result> committing =
                    CompletableFuture.supplyAsync(
                            () -> commit(daemon, repository, editor), Processes.THREADS);
            await().until(() -> committing.isDone() || Files.exists(open));
            assertThat(committing).isNotDone();
            daemon.signal("TERM");
            await().until(() -> daemon.log().contains("stopping; waiting for"));
            Files.writeString(end, "written while the daemon stopped");
            assertThat(committing.get()).isEqualTo(new Processes.Result(0, "adding a\n", ""));
            assertThat(daemon.awaitExit()).isZero();
            assertThat(open).hasContent("chg");
        }
        assertThat(repository.hg("log", "-T", "{desc}").out())
                .isEqualTo("written while the daemon stopped");
    }

    private Processes.Result commit(Daemon daemon, Repository repository, String editor) {
        try {
            String cwd = repository.toString();
            return chg(daemon, "HGEDITOR=" + editor, CHG, "--cwd", cwd, "commit", "-A");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** A program named chg that does what chg itself would do in a race, or never. */
    @Test
    @RunsOnce
    void commandsRunInTheClientsDirectoryAndEnvironmentOnly() throws Exception {
        Path python = Path.of("/usr/bin/python3").toRealPath();
        Path named =
                Files.copy(python, directory.resolve("chg"), StandardCopyOption.COPY_ATTRIBUTES);
        copy("client.py");
        try (Daemon daemon = Daemon.start(directory)) {
            assertThat(chg(daemon, named.toString(), "client.py").succeeded().out())
                    .isEqualTo(
                            """
                            chdir and validate
                            e b'hg-cmdserver: cannot change to the directory /no/such: No such file or directory\\n'
                            r b'exit 255'
                            chdir and runcommand
                            runcommand
                            unknown
                            attachio without streams
                            I b''
                            """);
            daemon.awaitNoConnection();
            assertThat(daemon.log()).doesNotContain("Traceback");
            daemon.stop();
        }
    }

    /** A program that is not Mercurial's script runs as a child, and gets chg's signals. */
    @Test
    @RunsOnce
    void programThatTheUserNamesForChgRuns() throws Exception {
        Path started = directory.resolve("started");
        Processes.run(directory, "mkfifo", started.toString()).succeeded();
        Path wrapper =
                Files.writeString(
                        directory.resolve("wrapper"),
                        """
                        #!/bin/sh
                        [ "$1" = wait ] || exec hg --config alias.again='!echo wrapped; exit 5' "$@"
                        trap 'kill $!; echo ended; exit 7' TERM
                        sleep 600 &
                        : >"$2"
                        wait
                        """);
        Files.setPosixFilePermissions(wrapper, PosixFilePermissions.fromString("rwxr-xr-x"));
        String program = "CHGHG=" + wrapper;
        try (Daemon daemon = Daemon.start(directory)) {
            assertThat(chg(daemon, program, CHG, "again"))
                    .isEqualTo(new Processes.Result(5, "wrapped\n", ""));
            String waiting = "\"$@\" & cat \"$3\"; kill $!; wait $!";
            Processes.Result ended =
                    chg(
                            daemon,
                            program,
                            "sh",
                            "-c",
                            waiting,
                            "sh",
                            CHG,
                            "wait",
                            started.toString());
            assertThat(ended).isEqualTo(new Processes.Result(7, "ended\n", ""));
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    /** Width, colours, a pager, a prompt, a password, and an interrupt in two kinds of commands. */
    @Test
    @RunsOnce
    void terminalIsAsWithPlainHg() throws Exception {
        Repository.create(directory, "repository").commit("a", "a", "the first " + "x".repeat(90));
        copy("ask.py");
        copy("typist.py");
        Files.writeString(directory.resolve("now"), "now\n");
        try (Daemon daemon = Daemon.start(directory)) {
            String plain = chg(daemon, "/usr/bin/python3", "typist.py", "hg").succeeded().out();
            assertThat(chg(daemon, "/usr/bin/python3", "typist.py", CHG).succeeded().out())
                    .isEqualTo(plain);
            assertThat(plain).contains("paged: ", "hello me", "it has 6 bytes", "interrupted!");
            awaitWarm(daemon);
            assertThat(chg(daemon, "/usr/bin/python3", "typist.py", CHG).succeeded().out())
                    .as("by warm workers")
                    .isEqualTo(plain);
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    /** A shell ignores interrupts for the background commands of a script, nohup hangups. */
    @Test
    void signalsThatTheCallerIgnoresDoNotEndTheCommand() throws Exception {
        copy("ask.py");
        try (Daemon daemon = Daemon.start(directory)) {
            if (Daemon.PREFORK) {
                awaitWarm(daemon);
            }
            String script =
                    """
                    trap '' INT
                    chg --config extensions.ask=ask.py wait >out &
                    until [ -s out ]; do sleep 0.01; done
                    kill -s INT $!
                    chg --config extensions.ask=ask.py version -q # the signal has come before this ends
                    kill -s TERM $!
                    wait $!
                    """;
            Processes.Result result = chg(daemon, "sh", "-c", script);
            assertThat(result.status()).isEqualTo(255);
            assertThat(result.err()).isEqualTo("killed!\n");
            Path other = directory.resolve("other-hg"); // is not run in a worker
            Files.writeString(other, "#!/bin/sh\nkill -s INT $$\necho survived\n");
            assertThat(other.toFile().setExecutable(true)).isTrue();
            script = "trap '' INT; CHGHG=" + other + " chg version";
            assertThat(chg(daemon, "sh", "-c", script).succeeded().out()).isEqualTo("survived\n");
            // env, since these tests may run where interrupts are ignored
            script = "CHGHG=" + other + " env --default-signal=INT chg version";
            assertThat(chg(daemon, "sh", "-c", script).out()).isEmpty();
            daemon.stop();
        }
    }

    /** A variable that Mercurial reads before its configuration cannot change in a worker. */
    @Test
    @RunsOnce
    void workersServeOnlyClientsWithTheirOwnValuesOfWhatMercurialReadsFirst() throws Exception {
        copy("environ.py");
        String rules = String.join("|", ChgRules.all());
        Pattern known = Pattern.compile(rules.replace("!", "").replace("*", ".*"));
        List<String> read =
                Processes.run(directory, "/usr/bin/python3", "environ.py")
                        .succeeded()
                        .out()
                        .lines()
                        .toList();
        assertThat(Integer.parseInt(read.get(0))).as("modules").isGreaterThan(300);
        assertThat(read).contains("HGENCODING", "HGPLAIN", "LANGUAGE");
        assertThat(read.subList(1, read.size()))
                .filteredOn(name -> !known.matcher(name).matches())
                .as("chg runs hg itself where it finds the first one")
                .isSubsetOf("CHGINTERNALMARK");
    }

    /** More environments than templates: some of the clients meet a template, others do not. */
    @Test
    @RunsOnce
    void environmentsInTurnStayApart() throws Exception {
        Repository.create(directory, "repository").commit("a", "a", "the first");
        String[] log = {"-R", "repository", "log", "-T", "{date|localdate|isodate}"};
        try (Daemon daemon = Daemon.start(directory, "--max-templates", "3")) {
            awaitWarm(daemon, "TZ=UTC+1");
            awaitWarm(daemon, "TZ=UTC+2");
            for (int turn = 0; turn < 3; turn++) {
                for (int hours = 1; hours < 5; hours++) {
                    String zone = "TZ=UTC+" + hours;
                    List<String> command = new ArrayList<>(List.of(zone, "hg"));
                    command.addAll(List.of(log));
                    Processes.Result plain = chg(daemon, command.toArray(String[]::new));
                    command.set(1, CHG);
                    assertThat(chg(daemon, command.toArray(String[]::new))).isEqualTo(plain);
                    assertThat(plain.out()).endsWith("-0" + hours + "00");
                }
            }
            assertThat(isServedWarm(daemon, "TZ=UTC+1")).isTrue();
            assertThat(isServedWarm(daemon, "TZ=UTC+2")).isTrue();
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    /** The command after the change is already run by what is installed then. */
    @Test
    @RunsOnce
    void changedMercurialRunsTheNextCommand() throws Exception {
        // where Python searches for modules, so not the directory in which templates make theirs
        Path bin = Files.createDirectory(directory.resolve("bin"));
        Path hg =
                Files.copy(
                        Path.of("/usr/bin/hg"),
                        bin.resolve("hg"),
                        StandardCopyOption.COPY_ATTRIBUTES);
        String named = "CHGHG=" + hg;
        try (Daemon daemon = Daemon.start(directory, "--hg", hg.toString())) {
            awaitWarm(daemon, named);
            Files.writeString(hg, Files.readString(hg) + "# of another release\n");
            assertThat(isServedWarm(daemon, named)).isFalse();
            awaitWarm(daemon, named);
            assertThat(daemon.log()).contains("has changed: warming up a new template");
            daemon.stop();
        }
    }

    /** A Mercurial or a Python in which a worker cannot take the client's streams, for instance. */
    @Test
    @RunsOnce
    void templateThatFailsAsChgsServerServesNobody() throws Exception {
        Path modules = Files.createDirectory(directory.resolve("modules"));
        Files.writeString(
                modules.resolve("sitecustomize.py"),
                """
                import builtins
                original = builtins.open
                def open(file, *args, **kwargs):
                    if file == 1:
                        raise RuntimeError('no stream')
                    return original(file, *args, **kwargs)
                builtins.open = open
                """);
        try (Daemon daemon = Daemon.start(directory)) {
            String path = "PYTHONPATH=" + modules;
            Processes.Result plain = chg(daemon, path, "hg", "version", "-q");
            for (int i = 0; i < 2; i++) { // the second one starts the template
                assertThat(chg(daemon, path, CHG, "version", "-q")).isEqualTo(plain);
            }
            await().until(() -> daemon.log().contains("to fork workers for chg from: Failed: "));
            assertThat(isServedWarm(daemon, path)).isFalse();
            assertThat(chg(daemon, path, CHG, "version", "-q")).isEqualTo(plain);
            daemon.stop();
        }
    }

    /** A new process finds them, and so must a worker of a template that is older. */
    @Test
    @RunsOnce
    void extensionInstalledMeanwhileIsFound() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            awaitWarm(daemon);
            String print = "import site; print(site.getusersitepackages())";
            String site = chg(daemon, "/usr/bin/python3", "-c", print).succeeded().out().strip();
            Path packages = Files.createDirectories(Path.of(site));
            assertThat(packages.startsWith(home)).isTrue();
            Files.writeString(
                    packages.resolve("meanwhile.py"),
                    """
                    from mercurial import registrar
                    cmdtable = {}
                    command = registrar.command(cmdtable)
                    @command(b'meanwhile', [], b'', norepo=True)
                    def meanwhile(ui):
                        ui.write(b'found\\n')
                    """);
            String use = "extensions.meanwhile=";
            Processes.Result plain = chg(daemon, "hg", "--config", use, "meanwhile");
            assertThat(plain).isEqualTo(new Processes.Result(0, "found\n", ""));
            assertThat(chg(daemon, CHG, "--config", use, "meanwhile")).isEqualTo(plain);
            daemon.stop();
        }
    }
}
