package org.hgcmdserver.service;

import java.io.IOException;
import java.util.Optional;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.FileWatch;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.worker.Shortage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections from the listener's queue, one per turn of the loop and while there is room
 * for them, and passes them to the service. At the end the acceptor passes on the queued
 * connections and closes the listener. Used in the loop's thread only.
 */
final class Acceptor {

    /** The service, which has a worker serve each connection. */
    interface Owner {
        /** Takes over a connection that was just accepted. */
        void serve(Connection connection);

        /** The number of connections that have a worker or wait for one. */
        int connections();

        /** Whether connections must stay in the queue. */
        boolean isAcceptingPaused();

        /** Whether the drain has been given up. */
        boolean isAbandoned();
    }

    private static final Logger log = LoggerFactory.getLogger(Acceptor.class);

    private final EventLoop loop;
    private final Listener listener;
    private final ServiceConfig config;
    private final Owner owner;
    private final Shortage shortage;
    private final Optional<FileWatch> watch;

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

    /** Starts or stops accepting connections, depending on the current state. */
    void update() {
        boolean accept = !closed && !failed && hasRoom() && !owner.isAcceptingPaused();
        if (accept && !accepting) {
            loop.register(listener.fd(), this::acceptConnection);
        } else if (!accept && accepting) {
            loop.unregister(listener.fd());
        }
        accepting = accept;
    }

    /** A worker has exited: there is room, and perhaps the resource that accept lacked. */
    void workerExited() {
        tryAgain();
    }

    private void tryAgain() {
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
                    handOver(connection);
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

    /** Drops a client that has gone already, whose worker would only end when it says hello. */
    private void handOver(Connection connection) {
        if (UnixSocket.isHungUp(connection.fd())) {
            log.debug("client (pid={}) has left at once", connection.peer().pid());
            connection.release();
        } else {
            owner.serve(connection);
        }
    }

    private boolean hasRoom() {
        return owner.connections() < config.maxWorkers();
    }

    private void acceptConnection() {
        if (owner.isAcceptingPaused()) {
            return; // a signal came first: the queue belongs to the drain or to the next instance
        }
        try {
            Connection connection = listener.accept();
            if (connection != null) {
                shortage.over();
                handOver(connection);
            }
        } catch (IOException e) { // the queue is intact
            failed = true;
            shortage.noticed(e.getMessage());
        }
        update();
        if (!hasRoom()) {
            log.debug("{} connections: others wait", owner.connections());
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
        try {
            listener.release();
        } catch (IOException e) {
            log.warn("cannot close the socket {}: {}", listener.address(), e.getMessage());
        }
    }

    private void serveQueue(Listener queue) throws IOException {
        boolean empty = false;
        while (!empty) {
            try {
                while (!hasRoom() && !owner.isAbandoned()) {
                    loop.runOnce(config.pollInterval());
                }
                if (owner.isAbandoned()) {
                    return;
                }
                Connection connection = queue.accept();
                empty = connection == null;
                if (!empty) {
                    shortage.over();
                    handOver(connection);
                }
            } catch (IOException e) {
                shortage.noticed(e.getMessage());
                loop.runOnce(config.pollInterval()); // a worker's exit frees a descriptor
            }
        }
    }
}
