package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a shell sees it. */
@RunsOnce
class CommandLineIT {

    @TempDir Path directory;

    @Test
    void helpAndVersion() throws Exception {
        assertThat(program("--version").succeeded().out())
                .matches("hg-cmdserver \\d+\\.\\d+\\.\\d+\n");
        assertThat(program("--help").succeeded().out()).contains("serve").contains("run");
        assertThat(program("serve", "--help").succeeded().out()).contains("--address");
        assertThat(program("run", "--help").succeeded().out()).contains("HG-ARGUMENTS");
    }

    @Test
    void wrongUsageIsOneLineAndStatus64() throws Exception {
        String[][] wrong = {
            {"nonesuch"},
            {},
            {"serve", "--nonesuch"},
            {"serve", "="},
            {"serve", "--poll-interval", "0"},
            {"serve", "--poll-interval", "soon"},
            {"serve", "--poll-interval", "1e300"},
            {"serve", "--workers", "threads"},
            {"serve", "--max-request", "much"},
            {"serve", "--min-idle", "-1"},
            {"serve", "--socket-mode", "rwx"},
            {"serve", "--address"},
            {"serve", "--hg=--debug"},
            {"run"},
            {"run", "--"},
            {"run", "--nonesuch", "--", "log"},
            {"run", "--address", "--", "log"},
            {"run", "--address=", "--", "log"},
            {"status", "--nonesuch"},
            {"status", "--address"},
            {"status", "another"},
            {"shell-env", "--nonesuch"},
            {"shell-env", "--address"},
            {"shell-env", "--address="},
            {"shell-env", "sh", "bash"},
            {"shell-env", "csh"},
        };
        for (String[] arguments : wrong) {
            Processes.Result result = program(arguments);
            assertThat(result.status()).as(List.of(arguments).toString()).isEqualTo(64);
            assertThat(result.err().lines()).hasSize(1);
            assertThat(result.err()).startsWith("hg-cmdserver: ").contains("--help");
        }
    }

    /** As in a configuration file, where the status is 78. */
    @Test
    void valueThatMeansNothingHereIsStatus64Too() throws Exception {
        String[][] wrong = {
            {"serve", "--min-idle", "9"},
            {"serve", "--max-idle", "1"},
            {"serve", "--allow-user", "no-such-user"},
            {"serve", "--allow-group", ","},
            {"serve", "--workers", "prefork", "--worker-command", "cat"},
            {"serve", "--hg", "no-such-hg"},
            {"class-archive"},
            {"class-archive", "relative"},
        };
        for (String[] arguments : wrong) {
            Processes.Result result = program(arguments);
            assertThat(result.status()).as(List.of(arguments).toString()).isEqualTo(64);
            assertThat(result.err()).hasLineCount(1).startsWith("hg-cmdserver: ");
        }
        Path file = directory.resolve("hg-cmdserver.conf");
        Files.writeString(file, "max-idle = 1\n");
        Processes.Result result = program("serve", "--config-file", file.toString());
        assertThat(result.status()).as(result.err()).isEqualTo(78);
        assertThat(result.err()).contains("hg-cmdserver.conf:1: --min-idle 2 is more than");
    }

    @Test
    void similarNameIsSuggested() throws Exception {
        Map<String, String> meant =
                Map.of("stats", "status", "serve --max-worker=3", "--max-workers");
        for (Map.Entry<String, String> each : meant.entrySet()) {
            List<String> command = new ArrayList<>(List.of(Daemon.PROGRAM));
            command.addAll(List.of(each.getKey().split(" ")));
            assertThat(Processes.run(directory, command.toArray(String[]::new)).err())
                    .contains("; did you mean " + each.getValue() + "?");
        }
    }

    /** picocli, and annotations for it, take time at each start, and memory for good. */
    @Test
    void usualCommandLineNeedsNoPicocli() throws Exception {
        Path log = directory.resolve("classes");
        String loads = "HG_CMDSERVER_JAVA_OPTIONS=-Xlog:class+load:file=" + log;
        String[] serve = {
            "env",
            loads,
            Daemon.PROGRAM,
            "serve",
            "--address=" + directory.resolve("s"),
            "--worker-command",
            "cat",
            "--idle-exit",
            "1ms",
            "--quiet"
        };
        Processes.run(directory, serve).succeeded();
        assertThat(Files.readString(log))
                .contains("org.hgcmdserver.cli.ServeCommand ")
                .doesNotContain(" picocli.")
                .doesNotContain(" org.hgcmdserver.cli.PicocliModel");
        Processes.run(directory, "env", loads, Daemon.PROGRAM, "serve", "--help").succeeded();
        assertThat(Files.readString(log)).contains("picocli.CommandLine ");
    }

    @Test
    void missingMercurial() throws Exception {
        Processes.Result result = program("serve", "--hg", "/nonexistent/hg");
        assertThat(result.status()).isEqualTo(64);
        assertThat(result.err()).hasLineCount(1).contains("/nonexistent/hg").contains("--hg");
        result = program("serve", "--hg", "no-such-hg");
        assertThat(result.err()).hasLineCount(1).contains("install Mercurial");
    }

    @Test
    void repositoryThatIsNone() throws Exception {
        Processes.Result result = program("serve", "--repository", directory.toString());
        assertThat(result.status()).isEqualTo(64);
        assertThat(result.err()).hasLineCount(1).contains("hg init");
    }

    @Test
    void runWithoutAServer() throws Exception {
        Processes.Result result =
                program("run", "--address", directory.resolve("s").toString(), "--", "version");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).hasLineCount(1).contains("hg-cmdserver serve");
    }

    @Test
    void runHasTheCommandsOutputStatusInputAndDirectory() throws Exception {
        Repository repository = Repository.create(directory, "repository");
        repository.commit("a", "one\n", "first").commit("a", "two ü\n", "second ü");
        Path other = Repository.create(directory, "other").commit("a", "one\n", "first").path();
        try (Daemon daemon = Daemon.start(directory)) {
            Processes.Result log =
                    runIn(repository.path(), "", daemon, "log", "-T", "{rev} {desc}\n");
            assertThat(log.succeeded().out()).isEqualTo("1 second ü\n0 first\n");

            Processes.Result failed = runIn(repository.path(), "", daemon, "log", "-r", "nonesuch");
            assertThat(failed.status()).isEqualTo(255);
            assertThat(failed.err()).isEqualTo("abort: unknown revision 'nonesuch'\n");

            Processes.Result clean = runIn(repository.path(), "", daemon, "commit", "-m", "x");
            assertThat(clean.status()).isEqualTo(1);

            String patch = repository.hg("export", "tip").out();
            runIn(other, patch, daemon, "import", "-").succeeded();
            assertThat(Files.readString(other.resolve("a"))).isEqualTo("two ü\n");

            runIn(repository.path(), "", daemon, "log", "-r", "desc('second ü')").succeeded();

            // a file of several pieces, and an argument that some parsers take for a file name
            Files.writeString(repository.path().resolve("args"), "log\n-l0\n");
            Files.writeString(repository.path().resolve("big"), "x".repeat(40 << 20));
            runIn(repository.path(), "", daemon, "commit", "-A", "-m", "@args").succeeded();
            assertThat(runIn(repository.path(), "", daemon, "cat", "big").succeeded().out())
                    .hasSize(40 << 20);
            assertThat(runIn(repository.path(), "", daemon, "log", "-l1", "-T{desc}").out())
                    .isEqualTo("@args");

            Processes.Result elsewhere = runIn(directory, "", daemon, "--cwd", "other", "root");
            assertThat(elsewhere.succeeded().out()).isEqualTo(other + "\n");
            daemon.stop();
        }
    }

    @Test
    void runUsesTheServersRepositoryIfAskedTo() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        try (Daemon daemon = Daemon.start(directory, "-R", repository.toString())) {
            Processes.Result root =
                    Processes.run(
                            directory,
                            Daemon.PROGRAM,
                            "run",
                            "--server-directory",
                            "--address",
                            daemon.address().toString(),
                            "--",
                            "root");
            assertThat(root.succeeded().out()).isEqualTo(repository + "\n");
            daemon.stop();
        }
    }

    /** Processes in the background ignore SIGINT, and these tests may run in the background. */
    private static final String NOT_IN_THE_BACKGROUND = "--default-signal=INT";

    @Test
    void interruptGoesToTheCommand() throws Exception {
        Gate gate = new Gate(directory);
        Path err = directory.resolve("err");
        try (Daemon daemon = Daemon.start(directory)) {
            Process run =
                    new ProcessBuilder(
                                    "env",
                                    NOT_IN_THE_BACKGROUND,
                                    Daemon.PROGRAM,
                                    "run",
                                    "--no-chg",
                                    "--address",
                                    daemon.address().toString(),
                                    "--",
                                    "version",
                                    "--config",
                                    gate.hook("version"))
                            .redirectError(err.toFile())
                            .start();
            gate.awaitReached();
            Processes.signal(run.pid(), "INT");
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).isEqualTo(255);
            assertThat(Files.readString(err)).contains("interrupted!");
            daemon.stop();
        }
    }

    @Test
    void interruptAtAPromptEndsBoth() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        Files.writeString(repository.path().resolve("a"), "y");
        try (Daemon daemon = Daemon.start(directory)) {
            Path out = directory.resolve("out");
            Process run =
                    new ProcessBuilder(
                                    "env",
                                    NOT_IN_THE_BACKGROUND,
                                    Daemon.PROGRAM,
                                    "run",
                                    "--no-chg",
                                    "--address",
                                    daemon.address().toString(),
                                    "--",
                                    "commit",
                                    "-i",
                                    "-m",
                                    "m",
                                    "--config",
                                    "ui.interactive=yes",
                                    "--config",
                                    "ui.interface=text")
                            .directory(repository.path().toFile())
                            .redirectOutput(out.toFile())
                            .start();
            Processes.await().until(() -> Files.readString(out).contains("examine changes"));
            Processes.signal(run.pid(), "INT");
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).isEqualTo(130);
            daemon.awaitNoConnection();
            assertThat(repository.hg("status").out()).isEqualTo("M a\n");
            daemon.stop();
        }
    }

    @Test
    void launcherMindsItsSurroundings() throws Exception {
        String start =
                "CDPATH=.:/tmp LANG=xx_XX.UTF-8 LC_ALL= exec "
                        + Daemon.PROGRAM
                        + " --version <&- 2>&-";
        assertThat(Processes.run(directory, "sh", "-c", start).succeeded().out())
                .startsWith("hg-cmdserver ");
    }

    @Test
    void programIsFoundThroughALink() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("hgcs"), Path.of(Daemon.PROGRAM));
        assertThat(Processes.run(directory, "./hgcs", "--version").succeeded().out())
                .startsWith("hg-cmdserver");
        assertThat(link).isSymbolicLink();
    }

    @Test
    void launcherTakesTheJavaOfThePath() throws Exception {
        assertThat(withJava("17.0.2").succeeded().out()).isEqualTo("path\n");
        assertThat(withJava("26-ea").succeeded().out()).isEqualTo("path\n");
        // a java whose version is unknown
        assertThat(withJava(null).succeeded().out()).isEqualTo("path\n");
    }

    @Test
    void launcherTakesTheNewestJavaIfThatOfThePathIsTooOld() throws Exception {
        java("jvm/a", "11.0.2");
        java("jvm/b", null);
        assertThat(withJava("11.0.2").status()).isEqualTo(1);
        java("jvm/c", "17.0.9");
        java("jvm/d", "21");
        java("jvm/e", "17.0.10");
        assertThat(withJava("11.0.2").succeeded().out()).isEqualTo("jvm/d\n");
        assertThat(withJava("1.8.0_392").succeeded().out()).isEqualTo("jvm/d\n");
        assertThat(withJava("21").succeeded().out()).isEqualTo("path\n");
    }

    @Test
    void launcherRefusesAJavaThatIsTooOld() throws Exception {
        Processes.Result result = withJava("1.8.0_392");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err())
                .hasLineCount(1)
                .startsWith("hg-cmdserver: " + directory.resolve("links/java") + " ")
                .contains("1.8.0_392", "17", "JAVA_HOME");
    }

    @Test
    void launcherTakesTheJavaThatItIsToldOrNone() throws Exception {
        java("jvm/d", "21");
        Path told = java("told", "17");
        String home = "JAVA_HOME=" + told;
        assertThat(withJava("21", home).succeeded().out()).isEqualTo("told\n");
        java("told", "16.0.2");
        Processes.Result result = withJava("21", home);
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).hasLineCount(1).contains(told + "/bin/java", "16.0.2");
    }

    /** A tree with a java that prints the tree's name. */
    private Path java(String name, String version) throws Exception {
        Path tree = directory.resolve(name);
        Path program = Files.createDirectories(tree.resolve("bin")).resolve("java");
        Files.writeString(program, "#!/bin/sh\necho " + name + "\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        if (version != null) {
            String release = "IMPLEMENTOR=\"X\"\nJAVA_VERSION_DATE=\"2020\"\nJAVA_VERSION=\"%s\"\n";
            Files.writeString(tree.resolve("release"), release.formatted(version));
        }
        return tree;
    }

    /**
     * Runs a copy of the launcher that looks for Java in the test's directory "jvm"; the path has a
     * java of {@code version}, through symbolic links as in Debian.
     */
    private Processes.Result withJava(String version, String... environment) throws Exception {
        Path inPath = java("path", version);
        if (version == null) {
            Files.deleteIfExists(inPath.resolve("release"));
        }
        Path links = Files.createDirectories(directory.resolve("links"));
        for (String link : List.of("java", "alternative")) {
            Files.deleteIfExists(links.resolve(link));
        }
        Files.createSymbolicLink(links.resolve("java"), links.resolve("alternative"));
        Files.createSymbolicLink(links.resolve("alternative"), Path.of("../path/bin/java"));

        String launcher = Files.readString(Path.of(Daemon.PROGRAM));
        assertThat(launcher).contains("/usr/lib/jvm/*/bin/java");
        Files.copy(
                Daemon.DIST.resolve("lib/java.options"),
                Files.createDirectories(directory.resolve("lib")).resolve("java.options"),
                StandardCopyOption.REPLACE_EXISTING);
        Path copy = Files.createDirectories(directory.resolve("bin")).resolve("hg-cmdserver");
        Files.writeString(copy, launcher.replace("/usr/lib/jvm/", directory + "/jvm/"));
        List<String> command = new ArrayList<>(List.of("env", "-u", "JAVA_HOME"));
        command.add("PATH=" + links + ":" + System.getenv("PATH"));
        command.addAll(List.of(environment));
        command.addAll(List.of("sh", copy.toString(), "--version"));
        return Processes.run(directory, command.toArray(String[]::new));
    }

    private Processes.Result program(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(Daemon.PROGRAM));
        command.addAll(List.of(arguments));
        return Processes.run(directory, command.toArray(String[]::new));
    }

    private static Processes.Result runIn(Path directory, String stdin, Daemon daemon, String... hg)
            throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Daemon.PROGRAM,
                                "run",
                                "--no-chg",
                                "--address",
                                daemon.address().toString(),
                                "--"));
        command.addAll(List.of(hg));
        return Processes.runWithInput(directory, stdin, command.toArray(String[]::new));
    }
}
