package org.hgcmdserver.service;

import java.io.IOException;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.Shortage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes connections from the listener's queue, one per turn of the loop and while there is room for
 * them, and hands them on. In the end it hands on what is queued, and closes the listener. Used in
 * the loop's thread only.
 */
final class Acceptor {

    /** The service, which has each connection served. */
    interface Owner {
        /** Takes over a connection that was just accepted. */
        void serve(Connection connection);

        /** The number of connections that are served or wait for a worker. */
        int connections();

        /** Whether connections are to stay in the queue. */
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
    private boolean accepting;

    /** The last accept has failed, and nothing has changed since. */
    private boolean failed;

    private boolean closed;

    Acceptor(EventLoop loop, Listener listener, ServiceConfig config, Owner owner) {
        this.loop = loop;
        this.listener = listener;
        this.config = config;
        this.owner = owner;
        shortage = new Shortage(loop, "accept connections", this::tryAgain);
    }

    /** Listens for connections, or leaves them in the queue, as things are now. */
    void update() {
        boolean accept = !closed && !failed && hasRoom() && !owner.isAcceptingPaused();
        if (accept && !accepting) {
            loop.register(listener.fd(), this::acceptConnection);
        } else if (!accept && accepting) {
            loop.unregister(listener.fd());
        }
        accepting = accept;
    }

    /** A worker's exit has made room, and perhaps freed what an accept lacked. */
    void workerExited() {
        tryAgain();
    }

    private void tryAgain() {
        failed = false;
        update();
    }

    private boolean hasRoom() {
        return owner.connections() < config.maxWorkers();
    }

    private void acceptConnection() {
        if (owner.isAcceptingPaused()) {
            return; // a signal came first: the queue is the drain's, or the next instance's
        }
        try {
            Connection connection = listener.accept();
            if (connection != null) {
                shortage.over();
                owner.serve(connection);
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
     * Ends the listener without losing a client. In the order of Mercurial's main loop: clients can
     * no longer connect once {@code unlink} has removed the path, those that are queued are
     * handled, since they would get ECONNRESET otherwise, and then the socket is closed.
     */
    void close(Runnable unlink) throws IOException {
        closed = true;
        update();
        unlink.run();
        if (listener.refuseNewConnections()) {
            serveQueue();
        }
        try {
            listener.release();
        } catch (IOException e) {
            log.warn("cannot close the socket {}: {}", listener.address(), e.getMessage());
        }
    }

    private void serveQueue() throws IOException {
        boolean empty = false;
        while (!empty) {
            try {
                while (!hasRoom() && !owner.isAbandoned()) {
                    loop.runOnce(config.pollInterval());
                }
                if (owner.isAbandoned()) {
                    return;
                }
                Connection connection = listener.accept();
                empty = connection == null;
                if (!empty) {
                    shortage.over();
                    owner.serve(connection);
                }
            } catch (IOException e) {
                shortage.noticed(e.getMessage());
                loop.runOnce(config.pollInterval()); // a worker's exit frees a descriptor
            }
        }
    }
}
