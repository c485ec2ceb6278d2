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

    /** The kind of workers that this run of the tests is about. */
    static final String WORKERS = System.getProperty("hgcmdserver.workers", "prefork");

    static final boolean PREFORK = WORKERS.equals("prefork");

    private final Process process;
    private final Path address;
    private final Path log;

    private Daemon(Process process, Path address, Path log) {
        this.process = process;
        this.address = address;
        this.log = log;
    }

    /**
     * Starts a daemon on a socket in {@code directory}, with the kind of workers that this run of
     * the tests is about unless the options name one; returns when it listens, and has idle workers
     * if it is to have some.
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
                            return daemon.log().contains("listening at")
                                    && (!idle || daemon.log().contains("forked worker process"));
                        });
        return daemon;
    }

    /**
     * Has systemd-socket-activate listen at a socket in {@code directory} and start the daemon,
     * with the kind of workers that this run of the tests is about, for the first client. Returns
     * when clients can connect.
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

    /** By what the kernel tells of it: a connection would have consequences. */
    static void awaitListening(Path address) {
        Pattern listening = // its flag SO_ACCEPTCON; the path is there before, from bind(2) on
                Pattern.compile(
                        "^\\S+ \\S+ \\S+ 00010000 .* " + Pattern.quote(address + "") + "$",
                        Pattern.MULTILINE);
        await().until(
                        () -> {
                            byte[] sockets = Files.readAllBytes(Path.of("/proc/net/unix"));
                            return listening.matcher(new String(sockets, UTF_8)).find();
                        });
    }

    /** Starts any command that leads to a daemon at {@code address}; does not wait for it. */
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

    /** The workers that have a connection now. */
    Set<Long> busyWorkers() throws IOException {
        Set<Long> busy = new TreeSet<>();
        Matcher line =
                Pattern.compile("worker process (exited )?\\(pid=(\\d+)[^)]*\\)( is for| was)?")
                        .matcher(log());
        while (line.find()) {
            if (" is for".equals(line.group(3))) {
                busy.add(Long.parseLong(line.group(2)));
            } else if (line.group(1) != null || line.group(3) != null) {
                busy.remove(Long.parseLong(line.group(2)));
            }
        }
        return busy;
    }

    /** Whether this is a child of the daemon's that is alive, and no other with its number. */
    boolean isParentOf(long pid) throws IOException {
        return Processes.isAlive(pid)
                && String.valueOf(pid()).equals(Processes.status(pid, "PPid"));
    }

    /** Children that have exited and were not waited for. */
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

    /** One that has just exited may be left for a moment. While the daemon runs: then they go. */
    void awaitNoZombies() {
        assertThat(isAlive()).as("a daemon that has ended has no children").isTrue();
        await().untilAsserted(() -> assertThat(zombies()).as("zombies").isEmpty());
    }

    void awaitLog(String text) {
        await().untilAsserted(() -> assertThat(log()).contains(text));
    }

    void signal(String name) throws Exception {
        Processes.signal(pid(), name);
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

    /** SIGTERM, and the exit status 0 of a complete drain. */
    void stop() throws Exception {
        signal("TERM");
        assertThat(awaitExit()).as("exit status; log: %s", log()).isZero();
    }

    /** For the end of a test, whatever came of it. */
    @Override
    public void close() throws Exception {
        if (process.isAlive()) {
            List<Long> left = Processes.children(pid());
            process.destroyForcibly().waitFor();
            for (long pid : left) {
                Processes.killGroup(pid);
            }
            // they write into the test's directory, which is about to be deleted
            for (long pid : left) {
                await().until(() -> !Processes.isGroupAlive(pid));
            }
        }
    }
}
