package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * One daemon with this run's kind of workers for all tests of a class, for tests of commands and
 * workers that find the same daemon whichever test came before. Each test must leave the daemon
 * without connections.
 */
final class SharedDaemon implements AfterEachCallback, AfterAllCallback {

    private Path directory;
    private Daemon daemon;

    /** Starts the daemon for the first test that needs it. */
    Daemon get() throws Exception {
        if (daemon == null) {
            directory = Files.createTempDirectory("shared");
            // many clients of one user, also where the packages' configuration is installed
            daemon = Daemon.start(directory, "--max-workers-per-user", "infinity");
        }
        assertThat(daemon.isAlive()).as("daemon alive; its log: %s", daemon.log()).isTrue();
        return daemon;
    }

    @Override
    public void afterEach(ExtensionContext test) throws IOException {
        if (daemon != null) {
            daemon.awaitNoConnection();
        }
    }

    @Override
    public void afterAll(ExtensionContext tests) throws Exception {
        if (daemon == null) {
            return;
        }
        try (Daemon running = daemon) {
            running.stop();
        }
        try (var left = Files.list(directory)) {
            for (Path file : left.toList()) {
                assertThat(file.getFileName().toString()).as("a file left").endsWith(".log");
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
