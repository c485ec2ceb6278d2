package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a shell sees it. */
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
            {"serve", "--poll-interval", "0"},
            {"serve", "--poll-interval", "soon"},
            {"serve", "--poll-interval", "1e300"},
            {"serve", "--workers", "threads"},
            {"serve", "--max-request", "much"},
            {"serve", "--min-idle", "-1"},
            {"serve", "--socket-mode", "rwx"},
            {"serve", "--address"},
            {"run"},
        };
        for (String[] arguments : wrong) {
            Processes.Result result = program(arguments);
            assertThat(result.status()).as(List.of(arguments).toString()).isEqualTo(64);
            assertThat(result.err().lines()).hasSize(1);
            assertThat(result.err()).startsWith("hg-cmdserver: ").contains("--help");
        }
    }

    @Test
    void missingMercurial() throws Exception {
        Processes.Result result = program("serve", "--hg", "/nonexistent/hg");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).hasLineCount(1).contains("/nonexistent/hg").contains("--hg");
        result = program("serve", "--hg", "no-such-hg");
        assertThat(result.err()).hasLineCount(1).contains("install Mercurial");
    }

    @Test
    void repositoryThatIsNone() throws Exception {
        Processes.Result result = program("serve", "--repository", directory.toString());
        assertThat(result.status()).isEqualTo(1);
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

            // more than one piece, and an argument that is a file's name to some
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

    @Test
    void interruptGoesToTheCommand() throws Exception {
        Gate gate = new Gate(directory);
        Path err = directory.resolve("err");
        try (Daemon daemon = Daemon.start(directory)) {
            Process run =
                    new ProcessBuilder(
                                    Daemon.PROGRAM,
                                    "run",
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
                                    Daemon.PROGRAM,
                                    "run",
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
            Processes.await().until(() -> daemon.busyWorkers().isEmpty());
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
                                "--address",
                                daemon.address().toString(),
                                "--"));
        command.addAll(List.of(hg));
        return Processes.runWithInput(directory, stdin, command.toArray(String[]::new));
    }
}
