package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.hgcmdserver.client.CommandClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The clients that wait at the socket of a service which starts: a worker serves them before there
 * is a JVM (first.py). The service's java waits at a gate, so only such a worker can answer.
 */
@RunsOnce
class FirstClientsIT {

    /**
     * Signals 32 and 33, which libc keeps for itself: a program cannot change whether it ignores
     * them.
     */
    private static final long OF_LIBC = 0x180000000L;

    @TempDir Path directory;
    private Path javaHome;
    private Gate gate;
    private String program = Daemon.PROGRAM;

    @BeforeEach
    void makeJavaThatWaits() throws Exception {
        gate = new Gate(directory);
        Path real = Path.of(System.getProperty("java.home"));
        javaHome = Files.createTempDirectory(directory, "java");
        Files.copy(real.resolve("release"), javaHome.resolve("release"));
        Path java = Files.createDirectories(javaHome.resolve("bin")).resolve("java");
        // not a shell, which would let blocked signals through
        Files.writeString(
                java,
                """
                #!/usr/bin/python3
                import os, subprocess, sys
                subprocess.call(['sh', '-c', '%1$s'])
                os.execv('%2$s/bin/java', ['%2$s/bin/java'] + sys.argv[1:])
                """
                        .formatted(gate.command(), real));
        assertThat(java.toFile().setExecutable(true)).isTrue();
    }

    @AfterEach
    void openGate() {
        gate.openIfClosed();
    }

    private Daemon activate(List<String> variables, String... options) throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command = new ArrayList<>(List.of("systemd-socket-activate"));
        command.addAll(List.of("-l", address.toString(), "--setenv=JAVA_HOME=" + javaHome));
        variables.forEach(variable -> command.add("--setenv=" + variable));
        command.addAll(List.of(program, "serve", "--debug"));
        command.addAll(List.of(options));
        Daemon daemon = Daemon.launch(directory, address, environment -> {}, command);
        Daemon.awaitListening(address);
        return daemon;
    }

    private void startTheJvm(Daemon daemon) throws IOException {
        assertThat(daemon.log()).doesNotContain("listening at");
        gate.open();
        daemon.awaitLog("listening at");
    }

    @Test
    void clientIsAnsweredBeforeThereIsAJvm() throws Exception {
        try (Daemon daemon = activate(List.of())) {
            try (Session first = Session.to(daemon)) {
                assertThat(first.run("version", "-q").out()).startsWith("Mercurial");
                startTheJvm(daemon);
                assertThat(daemon.isParentOf(first.pid())).isTrue();
                assertThat(daemon.connections()).isOne();
                assertThat(first.run("version", "-q").status()).isZero();
                try (Session second = Session.to(daemon)) {
                    assertThat(second.run("version", "-q").status()).isZero();
                }
                daemon.signal("TERM");
                daemon.awaitDrain();
                assertThat(first.run("version", "-q").status()).isZero();
            }
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.log()).doesNotContain(" warn ").doesNotContain("first clients wait");
        }
    }

    /** The daemon's later image has the worker too, and its workers have the same secret. */
    @Test
    void reloadKeepsIt() throws Exception {
        try (Daemon daemon = activate(List.of());
                Session first = Session.to(daemon)) {
            startTheJvm(daemon);
            ReloadIT.reload(daemon);
            assertThat(first.run("version", "-q").status()).isZero();
            assertThat(daemon.isParentOf(first.pid())).isTrue();
            try (Session second = Session.to(daemon)) {
                assertThat(second.run("version", "-q").status()).isZero();
            }
            daemon.signal("TERM");
            daemon.awaitDrain();
            first.close();
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    /** The service fails, and its first clients are served all the same. */
    @Test
    void clientIsServedWithoutJava() throws Exception {
        Files.delete(javaHome.resolve("bin/java"));
        try (Daemon daemon = activate(List.of());
                Session first = Session.to(daemon)) {
            assertThat(daemon.awaitExit()).isEqualTo(78);
            assertThat(daemon.log()).contains("install a Java runtime");
            assertThat(first.run("version", "-q").status()).isZero();
        }
    }

    /** As in the middle of an installation: the clients wait for the daemon, which starts. */
    @Test
    void daemonStartsWithoutThisPart() throws Exception {
        gate.open();
        for (String missing : List.of("first", "cancel")) {
            Path dist = Files.createTempDirectory(directory, "dist").resolve("d");
            Processes.run(directory, "cp", "-a", Daemon.DIST.toString(), dist.toString())
                    .succeeded();
            Path python = dist.resolve("lib/python/hgcmdserver");
            Files.delete(python.resolve(missing + ".py"));
            program = dist.resolve("bin/hg-cmdserver").toString();
            try (Daemon daemon = activate(List.of(), "--workers", "spawn");
                    RawClient client = new RawClient(daemon.address())) {
                daemon.awaitLog("listening at");
                assertThat(client.readFrame()).isNotEmpty();
            }
            Files.delete(directory.resolve("server.sock"));
        }
    }

    @Test
    void stopThatFinishesEndsItsConnection() throws Exception {
        try (Daemon daemon = activate(List.of(), "--drain", "finish");
                Session first = Session.to(daemon)) {
            assertThat(first.run("version", "-q").status()).isZero();
            startTheJvm(daemon);
            daemon.stop();
            assertThatThrownBy(() -> first.run("version", "-q")).isInstanceOf(IOException.class);
        }
    }

    /** The signal comes while the JVM starts. */
    @Test
    void stopBeforeThereIsAJvmWaitsForIt() throws Exception {
        try (Daemon daemon = activate(List.of())) {
            try (Session first = Session.to(daemon)) {
                gate.awaitReached();
                daemon.signal("TERM");
                assertThat(first.run("version", "-q").status()).isZero();
                gate.open();
                daemon.awaitDrain();
                assertThat(first.run("version", "-q").status()).isZero();
            }
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    /** Of many that wait, two are served at once, and no more than four. */
    @Test
    void otherClientsAreAnsweredByTheDaemon() throws Exception {
        int first = Integer.parseInt(python("print(first.most())"));
        assertThat(first).isBetween(2, 4);
        List<RawClient> clients = new ArrayList<>();
        try (Daemon daemon = activate(List.of())) {
            Processes.signal(daemon.pid(), "STOP"); // systemd-socket-activate, until all wait
            for (int i = 0; i < first + 2; i++) {
                clients.add(new RawClient(daemon.address()));
            }
            Processes.signal(daemon.pid(), "CONT");
            for (RawClient client : clients.subList(0, first)) {
                assertThat(client.readFrame()).contains("capabilities");
            }
            assertThat(daemon.busyWorkers()).hasSize(first);
            startTheJvm(daemon);
            for (RawClient client : clients.subList(first, clients.size())) {
                assertThat(client.readFrame()).contains("capabilities");
            }
            for (RawClient client : clients) {
                client.close();
            }
            daemon.stop();
        }
    }

    private static String version(Daemon daemon) {
        try (Session session = Session.to(daemon)) {
            return session.run("version", "-q").out();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Whatever a program that hg starts can see, in a locale, in none and in one that is missing.
     */
    @Test
    void workerIsAsASpawnedOne() throws Exception {
        assertIsAsASpawnedOne(List.of("NAME=a b", "WATCHDOG_USEC=1", "LANG=C.UTF-8"));
        for (String locale : List.of("HGPLAIN=", "LANG=xx_YY.UTF-8")) {
            makeJavaThatWaits();
            Files.delete(directory.resolve("server.sock"));
            assertIsAsASpawnedOne(List.of("NAME=a b", locale));
        }
    }

    private void assertIsAsASpawnedOne(List<String> variables) throws Exception {
        Path see =
                Files.writeString(
                        directory.resolve("see"),
                        "env | sort; umask; pwd; ulimit -a; ls /proc/self/fd;"
                                + " echo $(ps -o pgid= -p $$); grep 'Sig[BIC]' /proc/self/status");
        List<String> surroundings = List.of("--config", "alias.see=!sh " + see, "see");
        try (Daemon daemon = activate(variables, "--workers", "spawn");
                Session first = Session.to(daemon)) {
            String seen = first.run(surroundings.toArray(String[]::new)).out();
            startTheJvm(daemon);
            try (Session second = Session.to(daemon)) {
                Session.Answer answer = second.run(surroundings.toArray(String[]::new));
                assertThat(answer.status()).as(answer.err()).isZero();
                assertThat(comparable(seen, first)).isEqualTo(comparable(answer.out(), second));
                assertThat(seen).contains("HGPLAIN=").contains("NAME=a b");
                // the signals that Mercurial itself ignores and catches
                for (String mask : List.of("SigBlk", "SigIgn", "SigCgt")) {
                    assertThat(signals(first.pid(), mask))
                            .as(mask)
                            .isEqualTo(signals(second.pid(), mask));
                }
                assertThat(first.client().hello().capabilities())
                        .isEqualTo(second.client().hello().capabilities());
            }
        }
    }

    private static String comparable(String seen, Session session) {
        String pid = Pattern.quote(String.valueOf(session.pid()));
        return seen.replaceAll("\\b" + pid + "\\b", "WORKER")
                .replace("SigIgn:\t" + "%016x".formatted(OF_LIBC), "SigIgn:\t" + "0".repeat(16));
    }

    private static long signals(long pid, String mask) throws IOException {
        return Long.parseUnsignedLong(Processes.status(pid, mask), 16) & ~OF_LIBC;
    }

    @Test
    void clientReadsWhyHgDoesNotStart() throws Exception {
        Path wrong = Files.writeString(directory.resolve("wrong.rc"), "nonsense\n");
        try (Daemon daemon = activate(List.of("HGRCPATH=" + wrong));
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readFrame()).contains("hg does not start").contains("wrong.rc");
            startTheJvm(daemon);
            assertThat(client.readToEnd()).isEmpty(); // until then the daemon holds a handle
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    @Test
    void chgIsAnswered() throws Exception {
        LeftOut.unless(Chg.isThere(), "there is no chg here");
        Repository repository = Repository.create(directory, "r").commit("a", "x", "the one");
        try (Daemon daemon = activate(List.of())) {
            Processes.Result result =
                    Processes.run(
                            repository.path(),
                            "env",
                            "CHGSOCKNAME=" + daemon.address(),
                            Chg.PROGRAM.toString(),
                            "log",
                            "-T{desc}\\n");
            assertThat(result.succeeded().out()).isEqualTo("the one\n");
            startTheJvm(daemon);
            daemon.stop();
        }
    }

    /** An option that concerns workers: the daemon alone knows what it means. */
    @Test
    void optionsOfWorkersLetClientsWaitForTheDaemon() throws Exception {
        Path file = Files.writeString(directory.resolve("conf"), "quiet = no\nmax-request = 1M\n");
        List<List<String>> all =
                List.of(
                        List.of("--max-request=1M"),
                        List.of("--max-workers-per-user", "3"),
                        List.of("--allow-user", System.getProperty("user.name")),
                        List.of("--config-file", file.toString()));
        for (List<String> options : all) {
            makeJavaThatWaits();
            try (Daemon daemon = activate(List.of(), options.toArray(String[]::new))) {
                CompletableFuture<String> answer =
                        CompletableFuture.supplyAsync(() -> version(daemon));
                gate.awaitReached();
                assertThat(daemon.busyWorkers()).isEmpty();
                gate.open();
                assertThat(answer.get(Processes.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .startsWith("Mercurial");
                daemon.stop();
            }
            Files.delete(directory.resolve("server.sock"));
        }
    }

    private static String python(String statement) throws Exception {
        return Processes.run(
                        Daemon.DIST.resolve("lib/python"),
                        "python3",
                        "-c",
                        "from hgcmdserver import first; " + statement)
                .succeeded()
                .out()
                .strip();
    }

    @Test
    void namesOfOptionsAreThoseOfServe() throws Exception {
        String list = python("print(*first.NOT_ABOUT_WORKERS)");
        String help = Processes.run(directory, Daemon.PROGRAM, "serve", "--help").succeeded().out();
        assertThat(list.split("\\s+"))
                .contains("idle-exit")
                .allMatch(name -> Pattern.compile("--" + name + "\\b").matcher(help).find());
    }

    /** As in the packages' configuration. */
    @Test
    void limitThatTheFirstClientsCannotReachIsNoReasonToWait() throws Exception {
        Path file =
                Files.writeString(
                        directory.resolve("conf"),
                        "[serve]\nstop-timeout = 15min\nmax-workers-per-user = 40\n");
        try (Daemon daemon =
                activate(
                        List.of(),
                        "--config-file",
                        file.toString(),
                        "--max-workers-per-user",
                        "infinity")) {
            assertThat(version(daemon)).startsWith("Mercurial");
            startTheJvm(daemon);
            daemon.stop();
        }
    }

    /** Started by hand or at the boot, the service finds no client at its socket. */
    @Test
    void serviceWithoutClientsStartsAsBefore() throws Exception {
        gate.open();
        Path address = directory.resolve("server.sock");
        String start =
                """
                import os, socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.bind(sys.argv[1])
                s.listen(16)
                os.dup2(s.fileno(), 3)
                os.set_inheritable(3, True)
                os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
                os.execv(sys.argv[2], sys.argv[2:])
                """;
        List<String> command = List.of("python3", "-c", start, address.toString());
        List<String> whole = new ArrayList<>(command);
        whole.addAll(List.of(Daemon.PROGRAM, "serve", "--debug"));
        try (Daemon daemon = Daemon.launch(directory, address, environment -> {}, whole)) {
            daemon.awaitLog("listening at " + address);
            assertThat(daemon.connections()).isZero();
            try (CommandClient client = daemon.connect()) {
                assertThat(client.hello().pid()).isPositive();
            }
            daemon.stop();
            assertThat(daemon.log()).doesNotContain("first clients wait");
        }
    }
}
