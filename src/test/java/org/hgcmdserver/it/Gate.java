package org.hgcmdserver.it;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Holds an hg command midway, by a hook, until the test opens the gate. The gate is a FIFO: who
 * opens it for reading waits until it is opened for writing (fifo(7)), and uses no processor.
 */
final class Gate {

    private final Path reached;
    private final Path closed;

    Gate(Path directory) throws Exception {
        Path own = Files.createTempDirectory(directory, "gate");
        reached = own.resolve("reached");
        closed = own.resolve("closed");
        Processes.run(own, "mkfifo", closed.toString()).succeeded();
    }

    /** A value for --config that stops the given command before its work begins. */
    String hook(String command) {
        return "hooks.pre-%s=%s".formatted(command, command());
    }

    /** A shell command that waits at the gate. */
    String command() {
        return "touch %s; [ ! -p %s ] || cat %s 2>/dev/null || :"
                .formatted(reached, closed, closed);
    }

    void awaitReached() {
        await().until(() -> Files.exists(reached));
    }

    /** Lets all processes pass, those that wait and those to come. */
    void open() {
        // with READ too, opening does not wait for a reader
        try (FileChannel opened = FileChannel.open(closed, READ, WRITE)) {
            Files.delete(closed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
