package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.FirstReadWatch;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.protocol.Channel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the daemon's handle of each connection from the start of its worker until the worker has
 * said hello. If the worker ends before that, the client is told why, on the error channel; in
 * Mercurial the forked worker does so itself, but a worker that was killed, or a program that never
 * became a command server, cannot.
 *
 * <p>Where the system cannot tell whether a hello was said (other than Linux) the handle is
 * released at once, and a client of a worker that crashes sees just the end of the connection.
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
    private final Map<Worker, Connection> held = new HashMap<>();
    private long starts;

    public HelloWatch(EventLoop loop, WorkerTable table) throws IOException {
        this.loop = loop;
        this.table = table;
        this.firstReads = FirstReadWatch.isSupported() ? FirstReadWatch.open(loop) : null;
        table.onExit(this::exited);
    }

    /** Starts a worker; the callee may hand the connection's descriptor to it. */
    public interface Starter {
        Worker start() throws IOException;
    }

    /**
     * Starts a worker for {@code connection} and takes the connection over. A failure to start it
     * is told to the client and logged, and is no failure of the caller's.
     */
    public void start(Connection connection, Starter starter) {
        Worker[] started = new Worker[1];
        try {
            if (firstReads != null) {
                // before the start: a quick worker's hello must not go unnoticed
                firstReads.add(connection.fd(), () -> saidHello(started[0]));
            }
            started[0] = starter.start();
            held.put(started[0], connection);
            if (firstReads == null) {
                saidHello(started[0]);
            } else {
                lookAfterPause();
            }
        } catch (IOException e) {
            log.warn("no worker for {}: {}", connection.peer(), e.getMessage());
            refuse(connection, e.getMessage());
        }
    }

    private void lookAfterPause() {
        firstReads.detach();
        long start = ++starts;
        loop.after(
                PAUSE,
                () -> {
                    if (start == starts) { // none since
                        firstReads.attach();
                    }
                });
    }

    /**
     * Tells the client on the error channel why it is not served, and ends the connection.
     *
     * @return whether there still was a client to be told
     */
    public boolean refuse(Connection connection, String reason) {
        byte[] frame = Channel.ERROR.frame("hg-cmdserver: " + reason + "\n");
        boolean told = UnixSocket.sendWithoutWaiting(connection.fd(), frame) > 0;
        release(connection);
        return told;
    }

    /** Releases the connections whose clients have a hello to read and have not done so. */
    public void releaseAnswered() {
        for (Worker worker : List.copyOf(held.keySet())) {
            if (firstReads.hasUnread(held.get(worker).fd())) {
                saidHello(worker);
            }
        }
    }

    private void saidHello(Worker worker) {
        table.saidHello(worker);
        release(held.remove(worker));
    }

    private void exited(Worker worker, Exit exit) throws IOException {
        Connection connection = held.get(worker);
        if (connection == null) {
            return;
        }
        if (firstReads.hasUnread(connection.fd())) {
            saidHello(worker);
            return;
        }
        firstReads.runPending(); // a hello that was read just before
        boolean halfClosed = firstReads.isHalfClosed(connection.fd());
        if (held.remove(worker) == null) {
            return;
        }
        if (halfClosed && !exit.bySignal() && exit.status() == 0) {
            // the client left in the moment in which it read the hello, which looks as if it had
            // just
            // left; the worker, which knows, is content
            release(connection);
            return;
        }
        String reason =
                "worker process (pid=%d) ended before it said hello: %s"
                        .formatted(exit.pid(), exit.description());
        if (refuse(connection, reason + "; its messages are in the server's log")) {
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

    private void release(Connection connection) {
        if (firstReads != null) {
            firstReads.remove(connection.fd());
        }
        connection.release();
    }
}
