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
 * Notices when a worker has said hello. If a worker ends without a hello, the daemon writes the
 * reason to the client's error channel; in Mercurial the forked worker writes the reason, but a
 * killed worker, or a program that never became a command server, cannot.
 *
 * <p>The watch begins right after accept, before a worker could say a hello that the watch would
 * miss. On systems other than Linux, which cannot tell whether a worker has said hello, the client
 * of a crashed worker sees only the end of the connection. Used in the loop's thread only.
 */
public final class HelloWatch implements Closeable {

    private static final Logger log = LoggerFactory.getLogger(HelloWatch.class);

    /**
     * How long after the last connection the watch begins to look for hellos. Most commands take
     * less time, and looking would take time from them on a machine with few cores.
     */
    private static final Duration PAUSE = Duration.ofMillis(15);

    /** A connection whose client has not read a hello. */
    private static final class Watched {

        /** Null until a worker gets the connection. */
        private Worker worker;

        /**
         * Whether an earlier image of the daemon started the worker and may have missed its hello.
         */
        private boolean adopted;
    }

    private final WorkerTable table;

    /** Null where the system does not support such a watch. */
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
     * @throws IOException if the kernel cannot make one (epoll_create1(2))
     */
    public static HelloWatch open(EventLoop loop, WorkerTable table) throws IOException {
        return new HelloWatch(
                loop, table, FirstReadWatch.isSupported() ? FirstReadWatch.open(loop) : null);
    }

    /**
     * Begins to watch a connection that was just accepted. If that fails, the connection's worker
     * counts as having said hello.
     */
    public void watch(Connection connection) {
        if (firstReads == null) {
            return;
        }
        watched.put(connection, new Watched());
        watchFirstRead(connection);
        firstReads.detach();
        attach.start(PAUSE);
    }

    private void watchFirstRead(Connection connection) {
        try {
            firstReads.add(connection.fd(), () -> firstRead(connection));
        } catch (IOException e) {
            log.debug("not watching {}: {}", connection.peer(), e.getMessage());
            watched.remove(connection);
        }
    }

    /** A worker has got its connection, and is expected to say hello. */
    public void workerAssigned(Worker worker) {
        Watched entry = watched.get(worker.connection());
        if (entry == null) { // not watched
            table.saidHello(worker);
        } else {
            entry.worker = worker;
        }
    }

    /** Another worker is to get the connection. */
    public void workerWithdrawn(Connection connection) {
        Watched entry = watched.get(connection);
        if (entry != null) {
            entry.worker = null;
        }
    }

    /**
     * Continues to watch for the hello of a worker that an earlier image of this process started.
     * The daemon did not notice a hello that the client read in between; then the client's next
     * read counts, and silence is not a reason to give up on the worker.
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
     * The workers that have not said hello as far as the watch knows, without adopted workers,
     * oldest first.
     */
    List<Worker> silentWorkers() {
        return watched.values().stream()
                .filter(entry -> entry.worker != null && !entry.adopted)
                .map(entry -> entry.worker)
                .sorted(Comparator.comparingLong(Worker::since))
                .toList();
    }

    /** Notices hellos that the workers have sent and the clients have not read yet. */
    public void noticeUnread() {
        for (Map.Entry<Connection, Watched> entry : List.copyOf(watched.entrySet())) {
            Worker worker = entry.getValue().worker;
            if (worker != null && firstReads.hasUnread(entry.getKey().fd())) {
                saidHello(worker);
            }
        }
    }

    /** Notices all workers that have said hello by now. */
    public void noticeAll() throws IOException {
        if (firstReads != null) {
            firstReads.runPending();
            noticeUnread();
        }
    }

    /** The client has read something or has hung up. */
    private void firstRead(Connection connection) {
        Watched entry = watched.get(connection);
        if (entry == null) {
            return;
        }
        if (entry.worker == null) {
            // A client that has left the queue: its worker takes as long to start as any other, and
            // counts as starting until it ends.
            watchFirstRead(connection);
            return;
        }
        watched.remove(connection);
        table.saidHello(entry.worker);
    }

    private void saidHello(Worker worker) {
        forget(worker.connection());
        table.saidHello(worker);
    }

    /**
     * A worker has exited. If the worker had not said hello, the client receives the reason. Must
     * be called before the connection is released.
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
        firstReads.runPending(); // the client may just have read a hello
        boolean halfClosed = firstReads.isHalfClosed(connection.fd());
        Watched entry = watched.get(connection);
        forget(connection);
        if (entry != null && !mayHaveSaidHello(entry, halfClosed, exit)) {
            tellWhy(connection, exit);
        }
    }

    private static boolean mayHaveSaidHello(Watched entry, boolean halfClosed, Exit exit) {
        if (!exit.isKnown()) {
            return true; // the exit fell between two images of the daemon, perhaps after the hello
        }
        // a client that leaves while it reads the hello looks like one that only leaves; the worker
        // knows the difference and exits with 0
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
     * Stops watching a connection. Must be called before the descriptor is closed: the kernel would
     * continue to watch a socket that a worker holds too (epoll(7)).
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
