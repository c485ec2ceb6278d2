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
 * Holds an hg command midway, by a hook, until the test opens the gate. The gate is a FIFO: a
 * process that opens it for reading waits, without using the processor, until the test opens it for
 * writing (fifo(7)).
 */
final class Gate {

    private final Path reached;
    private final Path closed;

    /** Stays open, for a process that has found the FIFO and is about to open it. */
    @SuppressWarnings("unused")
    private FileChannel opened;

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
        // a subshell, which ends if the FIFO has gone meanwhile
        return "touch %1$s %1$s.$PPID; [ ! -p %2$s ] || (: < %2$s) 2>/dev/null || :"
                .formatted(reached, closed);
    }

    void awaitReached() {
        await().until(() -> Files.exists(reached));
    }

    /** Waits for commands of so many processes. */
    void awaitReached(int processes) {
        String prefix = reached.getFileName() + ".";
        await().until(
                        () ->
                                reached.getParent()
                                                .toFile()
                                                .list((d, n) -> n.startsWith(prefix))
                                                .length
                                        == processes);
    }

    /** Lets all processes pass, those that wait and those to come. */
    void open() {
        try {
            // with READ too, opening does not wait for a reader
            opened = FileChannel.open(closed, READ, WRITE);
            Files.delete(closed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For the end of a test, passed or failed. */
    void openIfClosed() {
        if (Files.exists(closed)) {
            open();
        }
    }
}
