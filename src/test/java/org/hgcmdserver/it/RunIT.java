package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code run} ends as hg does when its environment fails. */
@RunsOnce
class RunIT {

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository =
                Repository.create(directory, "repository").commit("a", "x\n".repeat(1 << 20), "m");
    }

    /** What a shell reports of hg and of run: $HG is the command, $OUT takes its status. */
    private Processes.Result shell(Daemon daemon, boolean plain, String script) throws Exception {
        String hg =
                plain
                        ? "hg"
                        : Daemon.PROGRAM + " run --no-chg --address " + daemon.address() + " --";
        return Processes.run(
                repository.path(),
                "env",
                "HGPLAIN=1",
                "LC_ALL=C.UTF-8",
                "HG=" + hg,
                "sh",
                "-c",
                script);
    }

    @Test
    void outputThatCannotBeWritten() throws Exception {
        String[] scripts = {
            "{ $HG log -p; echo $? >status; } | head -n 1; cat status; rm status",
            "$HG log -p >/dev/full; echo $?",
            "{ { $HG log -r nonesuch; echo $? >status; } 2>&1 >out | sleep 0; }; cat status; rm status out"
        };
        try (Daemon daemon = Daemon.start(directory)) {
            for (String script : scripts) {
                Processes.Result result = shell(daemon, false, script);
                assertThat(result).as(script).isEqualTo(shell(daemon, true, script));
                assertThat(result.out()).endsWith("255\n");
            }
            daemon.stop();
        }
    }

    private Process runAtTheGate(Daemon daemon, Gate gate, String... wrapper) throws Exception {
        List<String> command = new ArrayList<>(List.of(wrapper));
        command.addAll(
                List.of(
                        Daemon.PROGRAM,
                        "run",
                        "--no-chg",
                        "--address",
                        daemon.address().toString()));
        command.addAll(List.of("--", "version", "-q", "--config", gate.hook("version")));
        Process run =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("out").toFile())
                        .start();
        gate.awaitReached();
        return run;
    }

    @Test
    void quitEndsItAndItsCommand() throws Exception {
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory)) {
            Process run = runAtTheGate(daemon, gate, "env", "--default-signal=QUIT");
            Processes.signal(run.pid(), "QUIT");
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).as("killed by SIGQUIT").isEqualTo(128 + 3);
            assertThat(Files.readString(directory.resolve("out"))).isEmpty();
            daemon.awaitNoConnection();
            daemon.awaitLog("killed by SIGQUIT");
            daemon.stop();
        }
    }

    /**
     * nohup(1), and a shell without job control for a background command, set signals to ignored.
     */
    @Test
    void ignoredSignalsStayIgnored() throws Exception {
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory)) {
            Process run =
                    runAtTheGate(
                            daemon,
                            gate,
                            "env",
                            "--default-signal=TERM",
                            "--ignore-signal=HUP,INT,QUIT");
            for (String signal : new String[] {"HUP", "INT", "QUIT"}) {
                Processes.signal(run.pid(), signal);
            }
            gate.open();
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).isZero();
            daemon.stop();
        }
    }

    @Test
    void directoryThatHasBeenRemoved() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            Processes.Result result =
                    shell(daemon, false, "mkdir gone; cd gone; rmdir ../gone; exec $HG status");
            assertThat(result.status()).isEqualTo(1);
            assertThat(
                            result.err()
                                    .lines()
                                    .filter(line -> !line.contains("getcwd()"))) // the shell's
                    .containsExactly(
                            "hg-cmdserver: the current directory has been removed; change to another one");
            daemon.stop();
        }
    }

    @Test
    void daemonsDirectoryThatHasBeenRemoved() throws Exception {
        Path gone = Files.createDirectory(directory.resolve("gone"));
        Path address = directory.resolve("server.sock");
        String start = "cd gone; exec \"$0\" serve --debug --workers spawn --address " + address;
        try (Daemon daemon =
                Daemon.launch(
                        directory,
                        address,
                        environment -> {},
                        List.of("sh", "-c", start, Daemon.PROGRAM))) {
            daemon.awaitLog("listening at");
            Files.delete(gone);
            daemon.signal("HUP");
            daemon.awaitLog(
                    "not reloading, going on as before: the working directory has been removed");
            assertThat(daemon.log().lines().filter(line -> line.contains(" warn "))).hasSize(1);
            assertThat(daemon.log()).doesNotContain("java.lang");
            daemon.stop();
        }
    }
}
