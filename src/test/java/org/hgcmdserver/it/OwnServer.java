package org.hgcmdserver.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.hgcmdserver.client.CommandClient;

/** Mercurial's own {@code hg serve --cmdserver unix}, as the machine's hg starts it. */
final class OwnServer {

    private static OwnServer shared;

    private final Process process;
    private final Path address;

    private OwnServer(Process process, Path address) {
        this.process = process;
        this.address = address;
    }

    static OwnServer start(Path address, Map<String, String> environment) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        "hg", "serve", "--cmdserver", "unix", "--address", address.toString());
        builder.directory(Path.of("/").toFile()).environment().putAll(environment);
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        OwnServer server = new OwnServer(builder.start(), address);
        Processes.await().until(() -> server.isListening());
        return server;
    }

    /**
     * The one that this JVM's tests share to prepare and to look at repositories, in a tenth of the
     * time that a plain hg takes. It is there until the JVM ends.
     */
    static synchronized OwnServer shared() throws IOException {
        if (shared == null || !shared.process.isAlive()) {
            Path directory = Files.createTempDirectory("hg");
            Map<String, String> environment = Map.of("HGPLAIN", "1", "HGENCODING", "UTF-8");
            OwnServer server = start(directory.resolve("server.sock"), environment);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> server.end(directory)));
            shared = server;
        }
        return shared;
    }

    private void end(Path directory) {
        try {
            stop();
            process.waitFor();
            Files.deleteIfExists(address);
            Files.delete(directory);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Connects, since the kernel lists the socket under the short name that Mercurial binds. */
    private boolean isListening() {
        try {
            connect().close();
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    Session connect() throws IOException {
        return new Session(CommandClient.connect(address));
    }

    /** Sends SIGTERM. */
    void stop() {
        process.destroy();
    }

    void awaitEnd() throws InterruptedException {
        process.waitFor();
    }
}
