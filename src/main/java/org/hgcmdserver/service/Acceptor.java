package org.hgcmdserver.service;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.FileWatch;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.worker.Shortage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections from the listener's queue, one per turn of the loop, and passes them to the
 * service while that has places for them. If it has none, a bounded number of connections wait here
 * for their users' turns, and the others in the queue. At the end the acceptor passes on the
 * waiting connections and the queue, and closes the listener. Used in the loop's thread only.
 */
final class Acceptor {

    /** The service, which has a worker serve each connection. */
    interface Owner {
        /** Takes over a connection. */
        void serve(Connection connection);

        /** Takes over a connection whose client is to read why it is not served. */
        void refuse(Connection connection, String reason);

        /** The number of connections that have a worker or wait for one. */
        int connections();

        /** The number of these that wait for one. */
        int withoutWorker();

        /** Called in the drain, once per poll interval while connections wait for a place. */
        void waitedForAPlace() throws IOException;

        /** Whether connections must stay in the queue. */
        boolean isAcceptingPaused();

        /** Whether the drain has been given up. */
        boolean isAbandoned();
    }

    private static final Logger log = LoggerFactory.getLogger(Acceptor.class);

    /** Which part of the descriptors may be those of waiting connections, and how many at most. */
    private static final int PART_FOR_WAITING = 8;

    private static final int MOST_WAITING = 1024;

    /** How many clients that have gone are dropped before other events have their turn. */
    private static final int MOST_GONE = 256;

    /**
     * How many connections without a worker the service gets: enough to show that workers are in
     * demand, and few to wait for whose turn is next.
     */
    private static final int WITHOUT_WORKER = 8;

    private final EventLoop loop;
    private final Listener listener;
    private final ServiceConfig config;
    private final Owner owner;
    private final Shortage shortage;
    private final Optional<FileWatch> watch;
    private final Turns turns = new Turns();
    private final long maxWaiting =
            Math.max(1, Math.min(Descriptors.limit() / PART_FOR_WAITING, MOST_WAITING));

    /** The socket that was removed, while it may have clients in its queue. */
    private Optional<Listener> former = Optional.empty();

    private boolean accepting;

    /** Whether the last accept failed and nothing has changed since. */
    private boolean failed;

    private boolean closed;

    Acceptor(EventLoop loop, Listener listener, ServiceConfig config, Owner owner) {
        this.loop = loop;
        this.listener = listener;
        this.config = config;
        this.owner = owner;
        shortage = new Shortage(loop, "accept connections", this::tryAgain);
        watch = listener.watch();
        watch.ifPresent(w -> loop.register(w.fd(), this::pathChanged));
    }

    /** Also called if the start of the service fails. */
    void closeWatch() {
        watch.ifPresent(
                w -> {
                    loop.unregister(w.fd());
                    w.close();
                });
    }

    private void pathChanged() throws IOException {
        watch.get().drain();
        keepReachable();
    }

    /** Takes over a connection that waited for its turn in an earlier image of this process. */
    void adopt(Connection connection) {
        turns.add(connection);
    }

    /** Tells all that wait why they are not served. */
    void refuseWaiting(String reason) {
        while (!turns.isEmpty()) {
            owner.refuse(turns.next(), reason);
        }
    }

    boolean isAnyWaiting() {
        return !turns.isEmpty();
    }

    /** The connections that wait for their turn. */
    List<Connection> waiting() {
        return turns.all();
    }

    /**
     * Passes waiting connections on, and starts or stops accepting others, depending on the current
     * state.
     */
    void update() {
        if (!closed && !owner.isAcceptingPaused()) {
            while (!turns.isEmpty() && hasPlace()) {
                handOver(turns.next());
            }
        }
        boolean accept = !closed && !failed && hasRoom() && !owner.isAcceptingPaused();
        if (accept && !accepting) {
            loop.register(listener.fd(), this::acceptConnection);
        } else if (!accept && accepting) {
            loop.unregister(listener.fd());
        }
        accepting = accept;
    }

    /** A worker has exited, or time has passed: the resource that accept lacked may be there. */
    void tryAgain() {
        failed = false;
        update();
    }

    /**
     * Binds the path again if another process has removed the socket; called when its path changes,
     * and once per poll interval.
     *
     * @return false if that has to wait, until clients in the queue have been accepted
     */
    boolean keepReachable() throws IOException {
        acceptFormer();
        if (listener.isReachable()) {
            return true;
        }
        if (!accepting || former.isPresent()) {
            return false;
        }
        former = listener.rebind();
        former.ifPresent(Listener::refuseNewConnections);
        acceptFormer();
        return true;
    }

    /** Accepts clients that connected before the socket was removed. */
    private void acceptFormer() throws IOException {
        while (former.isPresent() && hasRoom() && !owner.isAcceptingPaused()) {
            try {
                Connection connection = former.get().accept();
                if (connection != null) {
                    take(connection);
                } else {
                    former.get().release();
                    former = Optional.empty();
                }
            } catch (IOException e) { // the queue is intact, for the next poll interval
                shortage.noticed(e.getMessage());
                return;
            }
        }
        update();
    }

    /** Drops a client that has gone while it waited. */
    private void handOver(Connection connection) {
        if (UnixSocket.isHungUp(connection.fd())) {
            log.debug("client (pid={}) has left", connection.peer().pid());
            connection.release();
        } else {
            owner.serve(connection);
        }
    }

    private void take(Connection connection) {
        if (turns.isEmpty() && hasPlace()) {
            handOver(connection);
        } else {
            turns.add(connection);
        }
    }

    /** Whether the service can have one more connection. */
    private boolean hasPlace() {
        return owner.connections() < config.maxWorkers() && owner.withoutWorker() < WITHOUT_WORKER;
    }

    /** Whether one more connection can be served or wait here. */
    private boolean hasRoom() {
        return hasPlace() || turns.size() < maxWaiting;
    }

    private void acceptConnection() {
        if (owner.isAcceptingPaused()) {
            return; // a signal came first: the queue belongs to the drain or to the next instance
        }
        try {
            Connection connection = listener.accept(MOST_GONE);
            if (connection != null) {
                shortage.over();
                take(connection);
            }
        } catch (IOException e) { // the queue is intact
            failed = true;
            shortage.noticed(e.getMessage());
        }
        update();
        if (!hasPlace()) {
            log.debug("{} connections: {} others wait", owner.connections(), turns.size());
        }
    }

    /**
     * Closes the listener without losing a client, in the order of Mercurial's main loop: {@code
     * unlink} removes the path so that no client can connect, queued clients are served, since they
     * would get ECONNRESET otherwise, and then the socket is closed.
     */
    void close(Runnable unlink) throws IOException {
        closed = true;
        update();
        closeWatch();
        listener.withdraw();
        unlink.run();
        if (former.isPresent()) {
            serveQueue(former.get());
            former.get().release();
        }
        if (listener.refuseNewConnections()) {
            serveQueue(listener);
        }
        serveWaiting(0);
        refuseWaiting("the service has ended; connect again"); // the drain has been given up
        try {
            listener.release();
        } catch (IOException e) {
            log.warn("cannot close the socket {}: {}", listener.address(), e.getMessage());
        }
    }

    private void serveQueue(Listener queue) throws IOException {
        boolean empty = false;
        while (!empty && !owner.isAbandoned()) {
            try {
                Connection connection = queue.accept();
                empty = connection == null;
                if (!empty) {
                    shortage.over();
                    turns.add(connection);
                    serveWaiting(maxWaiting);
                }
            } catch (IOException e) {
                shortage.noticed(e.getMessage());
                serveWaiting(0);
                loop.runOnce(config.pollInterval()); // a worker's exit frees a descriptor
            }
        }
    }

    /** Passes waiting connections on, until at most {@code rest} wait, or the drain is given up. */
    private void serveWaiting(long rest) throws IOException {
        while (!owner.isAbandoned() && !turns.isEmpty()) {
            if (hasPlace()) {
                handOver(turns.next());
            } else if (turns.size() > rest) {
                loop.runOnce(config.pollInterval());
                owner.waitedForAPlace();
            } else {
                return;
            }
        }
    }
}
