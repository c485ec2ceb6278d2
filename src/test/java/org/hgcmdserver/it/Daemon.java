package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hgcmdserver.client.CommandClient;

/** A running {@code hg-cmdserver serve} of the installed tree, as a user starts it. */
final class Daemon implements AutoCloseable {

    static final Path DIST =
            Path.of(System.getProperty("hgcmdserver.dist", "target/dist")).toAbsolutePath();

    static final String PROGRAM = DIST.resolve("bin/hg-cmdserver").toString();

    /** The kind of workers that this run of the tests uses. */
    static final String WORKERS = System.getProperty("hgcmdserver.workers", "prefork");

    static final boolean PREFORK = WORKERS.equals("prefork");

    /** Flags in /proc/net/unix: SO_ACCEPTCON. */
    private static final String LISTENING = "00010000";

    /** Flags of the sockets that accept(2) returns, which have the address of the listening one. */
    private static final String CONNECTED = "00000000";

    private final Process process;
    private final Path address;
    private final Path log;

    private Daemon(Process process, Path address, Path log) {
        this.process = process;
        this.address = address;
        this.log = log;
    }

    /**
     * Starts a daemon on a socket in {@code directory}, with this run's kind of workers unless the
     * options name one; returns when the daemon listens, and has idle workers if the options ask
     * for some.
     */
    static Daemon start(Path directory, String... options) throws Exception {
        return start(directory, environment -> {}, options);
    }

    static Daemon start(
            Path directory, Consumer<Map<String, String>> environment, String... options)
            throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                new ArrayList<>(
                        List.of(PROGRAM, "serve", "--debug", "--address", address.toString()));
        List<String> given = List.of(options);
        boolean choose = !given.contains("--workers") && !given.contains("--worker-command");
        if (choose) {
            command.addAll(List.of("--workers", WORKERS));
        }
        command.addAll(given);
        boolean idle = choose && PREFORK;
        Daemon daemon = launch(directory, address, environment, command);
        await().until(
                        () -> {
                            assertThat(daemon.process.isAlive())
                                    .as("daemon alive; its log: %s", daemon.log())
                                    .isTrue();
                            return daemon.log().contains("listening at");
                        });
        if (idle) {
            Prefork.awaitIdle(daemon, 1);
        }
        return daemon;
    }

    /**
     * Has systemd-socket-activate listen at a socket in {@code directory} and start the daemon,
     * with this run's kind of workers, for the first client. Returns when clients can connect.
     */
    static Daemon activate(Path directory, String... options) throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                new ArrayList<>(List.of("systemd-socket-activate", "-l", address.toString()));
        command.addAll(List.of(PROGRAM, "serve", "--debug", "--workers", WORKERS));
        command.addAll(List.of(options));
        Daemon daemon = launch(directory, address, environment -> {}, command);
        awaitListening(address);
        return daemon;
    }

    /** Asks the kernel, since connecting would have side effects. */
    static void awaitListening(Path address) {
        Pattern listening = socketsAt(address, LISTENING); // the path exists from bind(2) on
        await().until(
                        () -> {
                            byte[] sockets = Files.readAllBytes(Path.of("/proc/net/unix"));
                            return listening.matcher(new String(sockets, UTF_8)).find();
                        });
    }

    /**
     * Starts any command that leads to a daemon at {@code address}; does not wait for the daemon.
     */
    static Daemon launch(
            Path directory,
            Path address,
            Consumer<Map<String, String>> environment,
            List<String> command)
            throws IOException {
        Path log = Files.createTempFile(directory, "daemon", ".log");
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().put("TMPDIR", directory.toString());
        environment.accept(builder.environment());
        ClassArchive.addTo(builder.environment());
        Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        return new Daemon(process, address, log);
    }

    long pid() {
        return process.pid();
    }

    Path address() {
        return address;
    }

    CommandClient connect() throws IOException {
        return CommandClient.connect(address);
    }

    String log() throws IOException {
        return new String(Files.readAllBytes(log), UTF_8); // workers write any bytes
    }

    /** The daemon's children that have a client's connection now. */
    Set<Long> busyWorkers() throws IOException {
        String own = Prefork.command(pid());
        Set<String> connections = connectionSockets();
        Set<Long> busy = new TreeSet<>();
        for (long child : Processes.children(pid())) {
            // before its exec a child has all the connections that the daemon has
            if (Processes.openFiles(child).values().stream().anyMatch(connections::contains)
                    && !Prefork.command(child).equals(own)) {
                busy.add(child);
            }
        }
        return busy;
    }

    /**
     * The number of connections that the daemon holds: those that it has accepted, each until it
     * has waited for the worker.
     */
    int connections() throws IOException {
        Set<String> connections = new TreeSet<>(Processes.sockets(pid()));
        connections.retainAll(connectionSockets());
        return connections.size();
    }

    /** Waits until no worker has a connection, and the daemon has waited for those that had one. */
    void awaitNoConnection() {
        await().untilAsserted(
                        () -> {
                            assertThat(connections()).as("connections").isZero();
                            assertThat(busyWorkers()).as("busy workers").isEmpty();
                        });
    }

    /** The ends of clients' connections that are the daemon's and the workers'. */
    Set<String> connectionSockets() throws IOException {
        return sockets(CONNECTED);
    }

    /** The sockets at the daemon's address, such as "socket:[123]", with these flags. */
    private Set<String> sockets(String flags) throws IOException {
        byte[] all = Files.readAllBytes(Path.of("/proc/net/unix"));
        Matcher line = socketsAt(address, flags).matcher(new String(all, UTF_8));
        Set<String> found = new TreeSet<>();
        while (line.find()) {
            found.add("socket:[" + line.group(1) + "]");
        }
        return found;
    }

    private static Pattern socketsAt(Path address, String flags) {
        return Pattern.compile(
                "^\\S+ \\S+ \\S+ "
                        + flags
                        + " \\S+ \\S+ +(\\d+) "
                        + Pattern.quote(address + "")
                        + "$",
                Pattern.MULTILINE);
    }

    /**
     * Whether the process is a living child of the daemon, and not another process with the same
     * pid.
     */
    boolean isParentOf(long pid) throws IOException {
        return Processes.isAlive(pid)
                && String.valueOf(pid()).equals(Processes.status(pid, "PPid"));
    }

    /** Children that have exited and that the daemon has not waited for. */
    private List<Long> zombies() throws IOException {
        List<Long> zombies = new ArrayList<>();
        for (long child : Processes.children(pid())) {
            String state = Processes.status(child, "State"); // null if it has been waited for
            if (state != null && state.startsWith("Z")) {
                zombies.add(child);
            }
        }
        return zombies;
    }

    /**
     * Waits until the daemon has no zombies, since a child that has just exited may stay for a
     * moment. For a running daemon only.
     */
    void awaitNoZombies() {
        assertThat(isAlive()).as("a daemon that has ended has no children").isTrue();
        await().untilAsserted(() -> assertThat(zombies()).as("zombies").isEmpty());
    }

    void awaitLog(String text) {
        await().untilAsserted(() -> assertThat(log()).contains(text));
    }

    /** Waits until the daemon has begun to drain. */
    void awaitDrain() {
        awaitLog("stopping; waiting for ");
    }

    void signal(String name) throws Exception {
        Processes.signal(pid(), name);
    }

    /** Sends a signal, and waits until the daemon has taken it from those that are pending. */
    void signalAndAwaitTaken(String name, int number) throws Exception {
        signal(name);
        await().until(
                        () -> {
                            String pending = Processes.status(pid(), "ShdPnd");
                            return (Long.parseUnsignedLong(pending, 16) >> (number - 1) & 1) == 0;
                        });
    }

    boolean isAlive() {
        return process.isAlive();
    }

    int awaitExit() throws Exception {
        assertThat(process.waitFor(Processes.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("daemon ends; its log: %s", log())
                .isTrue();
        return process.exitValue();
    }

    /** Sends SIGTERM, and expects the exit status 0 of a complete drain. */
    void stop() throws Exception {
        signal("TERM");
        assertThat(awaitExit()).as("exit status; log: %s", log()).isZero();
    }

    /**
     * Kills the daemon, and waits until the template and the idle workers have noticed, which also
     * write into the test's directory.
     */
    void kill() throws Exception {
        List<Long> others = Processes.children(pid());
        others.removeAll(busyWorkers());
        signal("KILL");
        awaitExit();
        for (long pid : others) {
            await().until(() -> !Processes.isAlive(pid));
        }
    }

    /** For the end of a test, passed or failed. */
    @Override
    public void close() throws Exception {
        if (process.isAlive()) {
            List<Long> left = Processes.children(pid());
            process.destroyForcibly().waitFor();
            for (long pid : left) {
                Processes.killGroup(pid);
            }
            // these processes write into the test's directory, which JUnit is about to delete
            for (long pid : left) {
                await().until(() -> !Processes.isGroupAlive(pid));
            }
        }
    }
}
