package org.hgcmdserver.worker;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.FirstReadWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices when a worker has said hello. If a worker ends before that, the client reads the reason
 * on the error channel; in Mercurial the forked worker writes it, but a worker that was killed, or
 * a program that never became a command server, cannot.
 *
 * <p>The watch begins right after accept, before there is a worker whose hello could be missed.
 * Where the system cannot tell whether a hello was said (other than Linux) a client of a worker
 * that crashes sees just the end of the connection. Used in the loop's thread only.
 */
public final class HelloWatch implements Closeable {

    private static final Logger log = LoggerFactory.getLogger(HelloWatch.class);

    /**
     * How long after the last connection hellos are looked for. Most commands take less, and the
     * look would take time from them on a machine with few cores.
     */
    private static final Duration PAUSE = Duration.ofMillis(15);

    /** A connection whose client has not read a hello. */
    private static final class Watched {

        /** Null before a worker has got the connection. */
        private Worker worker;

        /**
         * Whether an earlier image of the daemon started the worker and may have missed its hello.
         */
        private boolean adopted;
    }

    private final WorkerTable table;

    /** Null where there is no such watch. */
    private final FirstReadWatch firstReads;

    private final EventLoop.Timer attach;

    /** The oldest first. */
    private final Map<Connection, Watched> watched = new LinkedHashMap<>();

    private HelloWatch(EventLoop loop, WorkerTable table, FirstReadWatch firstReads) {
        this.table = table;
        this.firstReads = firstReads;
        attach = loop.timer(() -> firstReads.attach());
    }

    /**
     * Opens a watch for the workers of {@code table}.
     *
     * @throws IOException if the kernel has none left (epoll_create1(2))
     */
    public static HelloWatch open(EventLoop loop, WorkerTable table) throws IOException {
        return new HelloWatch(
                loop, table, FirstReadWatch.isSupported() ? FirstReadWatch.open(loop) : null);
    }

    /**
     * Begins to watch a connection that was just accepted. If that fails, its worker counts as one
     * that has said hello.
     */
    public void watch(Connection connection) {
        if (firstReads == null) {
            return;
        }
        try {
            firstReads.add(connection.fd(), () -> firstRead(connection));
            watched.put(connection, new Watched());
        } catch (IOException e) {
            log.debug("not watching {}: {}", connection.peer(), e.getMessage());
        }
        firstReads.detach();
        attach.start(PAUSE);
    }

    /** A worker has got its connection, and is expected to say hello. */
    public void workerAssigned(Worker worker) {
        Watched entry = watched.get(worker.connection());
        if (entry == null) { // not watched, or the client left while it waited
            table.saidHello(worker);
        } else {
            entry.worker = worker;
        }
    }

    /**
     * Goes on watching for the hello of a worker that an earlier image of this process has started.
     * A hello that was read in between has gone unnoticed; then the next thing that the client
     * reads counts, and silence is no reason to give up on the worker.
     */
    public void adopt(Worker worker) {
        Connection connection = worker.connection();
        if (worker.state() != Worker.State.STARTING || !connection.hasHandle()) {
            return;
        }
        if (firstReads == null || firstReads.hasUnread(connection.fd())) {
            table.saidHello(worker);
            return;
        }
        watch(connection);
        workerAssigned(worker);
        if (watched.containsKey(connection)) {
            watched.get(connection).adopted = true;
        }
    }

    /**
     * The workers that have said nothing yet as far as is known, without adopted ones, oldest
     * first.
     */
    List<Worker> silentWorkers() {
        return watched.values().stream()
                .filter(entry -> entry.worker != null && !entry.adopted)
                .map(entry -> entry.worker)
                .sorted(Comparator.comparingLong(Worker::since))
                .toList();
    }

    /** Looks for clients that have a hello to read and have not done so. */
    public void noticeUnread() {
        for (Map.Entry<Connection, Watched> entry : List.copyOf(watched.entrySet())) {
            Worker worker = entry.getValue().worker;
            if (worker != null && firstReads.hasUnread(entry.getKey().fd())) {
                saidHello(worker);
            }
        }
    }

    /** Looks for all workers that have said hello by now. */
    public void noticeAll() throws IOException {
        if (firstReads != null) {
            firstReads.runPending();
            noticeUnread();
        }
    }

    /** The client has read something or has hung up. */
    private void firstRead(Connection connection) {
        Watched entry = watched.remove(connection);
        if (entry != null && entry.worker != null) {
            table.saidHello(entry.worker);
        }
    }

    private void saidHello(Worker worker) {
        forget(worker.connection());
        table.saidHello(worker);
    }

    /**
     * A worker has exited. If it had not said hello, its client is told why. To be called before
     * the connection is released.
     */
    public void workerExited(Worker worker, Exit exit) throws IOException {
        Connection connection = worker.connection();
        if (connection == null || !watched.containsKey(connection)) {
            return;
        }
        if (firstReads.hasUnread(connection.fd())) {
            forget(connection);
            return;
        }
        firstReads.runPending(); // a hello that was read just before
        boolean halfClosed = firstReads.isHalfClosed(connection.fd());
        Watched entry = watched.get(connection);
        forget(connection);
        if (entry != null && !mayHaveSaidHello(entry, halfClosed, exit)) {
            tellWhy(connection, exit);
        }
    }

    private static boolean mayHaveSaidHello(Watched entry, boolean halfClosed, Exit exit) {
        if (!exit.isKnown()) {
            return true; // between two images of the daemon, and more than the hello
        }
        // a client that left in the moment in which it read the hello looks as if it had just left;
        // the worker, which knows, exits with 0
        return (halfClosed || entry.adopted) && !exit.bySignal() && exit.status() == 0;
    }

    private static void tellWhy(Connection connection, Exit exit) {
        String reason =
                "worker process (pid=%d) ended before it said hello: %s"
                        .formatted(exit.pid(), exit.description());
        if (Refusal.tell(connection, reason + "; its messages are in the server's log")) {
            log.warn("{}", reason);
        } else {
            log.debug("{}; its client had left", reason);
        }
    }

    /**
     * Stops watching a connection. To be called before the descriptor is closed: the kernel would
     * go on watching a socket that a worker holds too (epoll(7)).
     */
    public void forget(Connection connection) {
        watched.remove(connection);
        if (firstReads != null && connection.hasHandle()) {
            firstReads.remove(connection.fd());
        }
    }

    @Override
    public void close() {
        if (firstReads != null) {
            firstReads.close();
        }
    }
}
