package org.hgcmdserver.it;

import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Holds an hg command midway, by a hook, until the test opens the gate. */
final class Gate {

    private final Path reached;
    private final Path open;

    Gate(Path directory) throws IOException {
        Path own = Files.createTempDirectory(directory, "gate");
        reached = own.resolve("reached");
        open = own.resolve("open");
    }

    /** A value for --config that stops the given command before its work begins. */
    String hook(String command) {
        return "hooks.pre-%s=%s".formatted(command, command());
    }

    /** A shell command that waits at the gate. */
    String command() {
        return "touch %s; while [ ! -e %s ]; do sleep 0.01; done".formatted(reached, open);
    }

    void awaitReached() {
        await().until(() -> Files.exists(reached));
    }

    void open() {
        try {
            Files.createFile(open);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
