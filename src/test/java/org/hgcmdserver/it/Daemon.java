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
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.hgcmdserver.client.CommandClient;

/** A running {@code hg-cmdserver serve} of the installed tree, as a user starts it. */
final class Daemon implements AutoCloseable {

    static final Path DIST =
            Path.of(System.getProperty("hgcmdserver.dist", "target/dist")).toAbsolutePath();

    static final String PROGRAM = DIST.resolve("bin/hg-cmdserver").toString();

    private final Process process;
    private final Path address;
    private final Path log;

    private Daemon(Process process, Path address, Path log) {
        this.process = process;
        this.address = address;
        this.log = log;
    }

    /** Starts a daemon on a socket in {@code directory}; returns when it listens. */
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
        command.addAll(List.of(options));
        Daemon daemon = launch(directory, address, environment, command);
        await().until(
                        () -> {
                            assertThat(daemon.process.isAlive())
                                    .as("daemon alive; its log: %s", daemon.log())
                                    .isTrue();
                            return daemon.log().contains("listening at");
                        });
        return daemon;
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
                ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }
}
