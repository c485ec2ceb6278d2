package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.FirstReadWatch;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.protocol.Channel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices when a worker has said hello. If it ends before that, the client is told why, on the
 * error channel; in Mercurial the forked worker does so itself, but a worker that was killed, or a
 * program that never became a command server, cannot.
 *
 * <p>Where the system cannot tell whether a hello was said (other than Linux) a client of a worker
 * that crashes sees just the end of the connection.
 */
public final class HelloWatch {

    private static final Logger log = LoggerFactory.getLogger(HelloWatch.class);

    /**
     * How long after the last connection hellos are looked for. Most commands take less, and the
     * look would take time from them on a machine with few cores.
     */
    private static final Duration PAUSE = Duration.ofMillis(15);

    private final EventLoop loop;
    private final FirstReadWatch firstReads;
    private final WorkerTable table;

    private final Optional<Duration> timeout;

    /** The workers whose hello is awaited. */
    private final Set<Worker> watched = new LinkedHashSet<>();

    /** Those of an earlier image, which may have said hello between the images. */
    private final Set<Worker> adopted = new HashSet<>();

    private final EventLoop.Timer attach;
    private final EventLoop.Timer timeLimit;

    /**
     * @param timeout after which a worker that has said nothing is given up; never if empty
     */
    public HelloWatch(EventLoop loop, WorkerTable table, Optional<Duration> timeout)
            throws IOException {
        this.timeout = timeout;
        this.loop = loop;
        this.table = table;
        attach = loop.timer(this::attach);
        timeLimit = loop.timer(this::giveUpSilent);
        this.firstReads = FirstReadWatch.isSupported() ? FirstReadWatch.open(loop) : null;
        table.onExit(this::exited);
    }

    /** Starts a worker, and enters it into the table with the connection. */
    public interface Starter {
        Worker start() throws IOException;
    }

    /**
     * Starts a worker for {@code connection}.
     *
     * @throws IOException if that fails, with the reason; the connection is the caller's then
     */
    public Worker start(Connection connection, Starter starter) throws IOException {
        Worker[] started = new Worker[1];
        try {
            if (firstReads != null) {
                // before the start: a quick worker's hello must not go unnoticed
                firstReads.add(connection.fd(), () -> saidHello(started[0]));
            }
            started[0] = starter.start();
        } catch (IOException e) {
            unwatch(connection);
            throw e;
        }
        watched.add(started[0]);
        giveUpInTime();
        if (firstReads == null) {
            saidHello(started[0]);
        } else {
            lookAfterPause();
        }
        return started[0];
    }

    /**
     * Goes on watching a worker that an earlier image of this process has started. A hello that was
     * read in between has gone unnoticed; then the next thing that the client reads counts. For the
     * same reason its silence is no reason to give it up.
     */
    public void adopt(Worker worker) {
        if (worker.state() != Worker.State.STARTING || !worker.connection().hasHandle()) {
            return;
        }
        watched.add(worker);
        adopted.add(worker);
        if (firstReads == null || firstReads.hasUnread(worker.connection().fd())) {
            saidHello(worker);
            return;
        }
        try {
            firstReads.add(worker.connection().fd(), () -> saidHello(worker));
            firstReads.attach();
        } catch (IOException e) {
            log.debug("not watching {}: {}", worker.pid(), e.getMessage());
            saidHello(worker);
        }
    }

    /** By one timer for all: one for each would keep each worker until then, long after its end. */
    private void giveUpInTime() {
        if (timeout.isEmpty()) {
            return;
        }
        watched.stream()
                .filter(worker -> !adopted.contains(worker))
                .findFirst() // it was started first
                .ifPresent(w -> timeLimit.startIfStopped(timeout.get().minus(age(w))));
    }

    private void giveUpSilent() throws IOException {
        noticeAll();
        for (Worker worker : List.copyOf(watched)) {
            if (!adopted.contains(worker) && age(worker).compareTo(timeout.get()) >= 0) {
                giveUp(worker);
            }
        }
        giveUpInTime();
    }

    private Duration age(Worker worker) {
        return loop.since(worker.since());
    }

    /** A worker that says nothing serves nobody, and has the place of one that might. */
    private void giveUp(Worker worker) {
        watched.remove(worker);
        unwatch(worker.connection());
        String reason =
                "worker process (pid=%d) has not said hello for %d s"
                        .formatted(worker.pid(), timeout.get().toSeconds());
        log.warn("{}; killing it", reason);
        tell(worker.connection(), reason);
        Child.killGroup(worker.pid()); // what it has started holds the connection too
    }

    private void lookAfterPause() {
        firstReads.detach();
        attach.start(PAUSE);
    }

    private void attach() {
        firstReads.attach();
    }

    /**
     * Tells the client of a connection that has no worker why, on the error channel, and ends the
     * connection.
     */
    public void refuse(Connection connection, String reason) {
        tell(connection, reason);
        connection.release();
    }

    /** Returns whether there still was a client to be told. */
    private static boolean tell(Connection connection, String reason) {
        byte[] frame = Channel.ERROR.frame("hg-cmdserver: " + reason + "\n");
        boolean told = UnixSocket.sendWithoutWaiting(connection.fd(), frame) > 0;
        // what is left unread at the end would have the client read ECONNRESET
        UnixSocket.endInput(connection.fd());
        UnixSocket.discardInput(connection.fd());
        return told;
    }

    /** Looks for clients that have a hello to read and have not done so. */
    public void noticeUnread() {
        for (Worker worker : List.copyOf(watched)) {
            if (firstReads.hasUnread(worker.connection().fd())) {
                saidHello(worker);
            }
        }
    }

    /** Looks for all who have said hello by now. */
    public void noticeAll() throws IOException {
        if (firstReads != null) {
            firstReads.runPending();
            noticeUnread();
        }
    }

    private void saidHello(Worker worker) {
        table.saidHello(worker);
        watched.remove(worker);
        adopted.remove(worker);
        unwatch(worker.connection());
    }

    private void exited(Worker worker, Exit exit) throws IOException {
        if (!watched.contains(worker)) {
            return;
        }
        Connection connection = worker.connection();
        if (firstReads.hasUnread(connection.fd())) {
            saidHello(worker);
            return;
        }
        firstReads.runPending(); // a hello that was read just before
        boolean halfClosed = firstReads.isHalfClosed(connection.fd());
        if (!watched.remove(worker)) {
            return;
        }
        unwatch(connection);
        boolean mayHaveSaidIt = adopted.remove(worker);
        if (!exit.isKnown()) {
            return; // between two images of the daemon it may well have said hello, and more
        }
        if ((halfClosed || mayHaveSaidIt) && !exit.bySignal() && exit.status() == 0) {
            // the client left in the moment in which it read the hello, which looks as if it had
            // just left; the worker, which knows, is content
            return;
        }
        String reason =
                "worker process (pid=%d) ended before it said hello: %s"
                        .formatted(exit.pid(), exit.description());
        if (tell(connection, reason + "; its messages are in the server's log")) {
            log.warn("{}", reason);
        } else {
            log.debug("{}; its client had left", reason);
        }
    }

    /** To be called when there is nobody left to watch for. */
    public void close() {
        if (firstReads != null) {
            firstReads.close();
        }
    }

    private void unwatch(Connection connection) {
        if (firstReads != null) {
            firstReads.remove(connection.fd());
        }
    }
}
