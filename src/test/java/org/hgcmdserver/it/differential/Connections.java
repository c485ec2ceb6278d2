package org.hgcmdserver.it.differential;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.hgcmdserver.client.CommandClient;
import org.hgcmdserver.client.CommandStreams;

/** Connections to the daemon: one that stays open, and one for each of the other commands. */
final class Connections implements Closeable {

    private static final int OTHERS = 2;

    private final Path address;
    private final AtomicLong forked;
    private final AtomicLong started;
    private CommandClient kept;

    /**
     * @param forked counts the connections that forked workers served
     * @param started counts the other connections
     */
    Connections(Path address, AtomicLong forked, AtomicLong started) {
        this.address = address;
        this.forked = forked;
        this.started = started;
    }

    /** The path of the daemon's socket. */
    Path address() {
        return address;
    }

    /** Connections to the same daemon, with a kept one of their own. */
    Connections others() {
        return new Connections(address, forked, started);
    }

    Answer own(List<String> command, Path root) throws IOException {
        try (CommandClient hg = connect()) {
            return run(hg, command, root);
        }
    }

    Answer kept(List<String> command, Path root) throws IOException {
        if (kept == null) {
            kept = connect();
        }
        Answer answer = run(kept, command, root);
        if (answer.equals(Answer.CRASH)) {
            close();
        }
        return answer;
    }

    /**
     * Runs a command while other clients read the same repository. Their answers do not count: with
     * plain hg too, one may be from the moment between two files of a transaction. These clients
     * never take the lock, as a command that asks for tags does: the command under test would then
     * print that it waits.
     */
    Answer beside(List<String> command, Path root, Path repository) throws IOException {
        AtomicBoolean over = new AtomicBoolean();
        String template = "{rev} {node} {phase} {desc}\n";
        List<String> log = List.of("log", "-l3", "-T", template);
        List<String> reading = Query.in(repository.toString(), log);
        Thread[] others = new Thread[OTHERS];
        for (int i = 0; i < OTHERS; i++) {
            others[i] =
                    new Thread(
                            () -> {
                                while (!over.get()) {
                                    try {
                                        own(reading, root);
                                    } catch (IOException e) {
                                        throw new UncheckedIOException(e);
                                    }
                                }
                            });
            others[i].start();
        }
        try {
            return own(command, root);
        } finally {
            over.set(true);
            for (Thread other : others) {
                join(other);
            }
        }
    }

    private static void join(Thread thread) throws IOException {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private CommandClient connect() throws IOException {
        CommandClient hg = CommandClient.connect(address);
        (isForked(hg) ? forked : started).incrementAndGet();
        return hg;
    }

    private static boolean isForked(CommandClient hg) throws IOException {
        Path file = Path.of("/proc/" + hg.hello().pid() + "/cmdline");
        return new String(Files.readAllBytes(file), UTF_8).contains("hg-cmdserver: worker");
    }

    /** Whether a forked worker will most likely serve the next connection. */
    boolean servesForked() throws IOException {
        try (CommandClient hg = CommandClient.connect(address)) {
            return isForked(hg);
        }
    }

    private static Answer run(CommandClient hg, List<String> command, Path root)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        ByteArrayInputStream nothing = new ByteArrayInputStream(new byte[0]);
        try {
            int status = hg.run(command, CommandStreams.of(nothing, out, err));
            return Answer.of(status, out.toString(UTF_8), err.toString(UTF_8), root);
        } catch (IOException ended) {
            return Answer.CRASH;
        }
    }

    /** Ends the open connection; the next command that asks for it opens another. */
    @Override
    public void close() throws IOException {
        if (kept != null) {
            kept.close();
            kept = null;
        }
    }
}
