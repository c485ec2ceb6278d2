package org.hgcmdserver.service;

import java.io.IOException;
import java.util.Optional;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.HelloWatch;
import org.hgcmdserver.worker.Shortage;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes connections from the listener's queue, one per turn of the loop and while there is room for
 * them, and has each served. In the end it serves what is queued, and closes the listener. Used in
 * the loop's thread only.
 */
final class Acceptor {

    /** What the service tells, and is told. */
    interface Owner {
        /** Whether connections are to stay in the queue. */
        boolean isAcceptingPaused();

        /** Whether nobody is waited for any more. */
        boolean isAbandoned();

        /** A connection has come. */
        void connectionsChanged();
    }

    private static final Logger log = LoggerFactory.getLogger(Acceptor.class);

    private final EventLoop loop;
    private final Listener listener;
    private final ServiceHandler handler;
    private final WorkerTable table;
    private final HelloWatch hello;
    private final WorkerSource source;
    private final Owner owner;
    private final Shortage shortage;
    private boolean accepting;

    /** The last accept has failed, and nothing has changed since. */
    private boolean failed;

    private boolean closed;
    private long connections;

    /**
     * @param connections how many there have been before
     */
    Acceptor(
            EventLoop loop,
            Listener listener,
            ServiceHandler handler,
            WorkerTable table,
            HelloWatch hello,
            WorkerSource source,
            Owner owner,
            long connections) {
        this.loop = loop;
        this.listener = listener;
        this.handler = handler;
        this.table = table;
        this.hello = hello;
        this.source = source;
        this.owner = owner;
        this.connections = connections;
        shortage = new Shortage(loop, "accept connections", this::tryAgain);
    }

    /** How many there have been. */
    long connections() {
        return connections;
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
        return table.busy() + source.waiting() < handler.maxWorkers();
    }

    private void acceptConnection() {
        if (owner.isAcceptingPaused()) {
            return; // a signal came first: the queue is the drain's, or the next instance's
        }
        try {
            Connection connection = listener.accept();
            if (connection != null) {
                shortage.over();
                serve(connection);
            }
        } catch (IOException e) { // the queue is intact
            failed = true;
            shortage.noticed(e.getMessage());
        }
        update();
        if (!hasRoom()) {
            log.debug("{} connections: others wait", table.busy() + source.waiting());
        }
    }

    private void serve(Connection connection) {
        CommandServer server;
        try {
            Optional<String> refusal = handler.refusal(connection.peer());
            if (refusal.isPresent()) {
                log.info("refused {}: {}", connection.peer(), refusal.get());
                hello.refuse(connection, refusal.get());
                return;
            }
            connections++;
            noticed(connection);
            server = handler.createCmdServer(connection.peer());
        } catch (RuntimeException e) {
            log.error("the handler failed for {}", connection.peer(), e);
            hello.refuse(connection, "internal error: " + e);
            return;
        }
        source.serve(connection, server);
        owner.connectionsChanged();
    }

    /** Tells the handler of a connection, and in time of its end. */
    void noticed(Connection connection) {
        connection.onRelease(() -> tell(() -> handler.connectionEnded(connection.peer())));
        tell(() -> handler.newConnection(connection.peer()));
    }

    private static void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) { // a handler's own, and no reason to end the service
            log.error("the handler failed", e);
        }
    }

    /**
     * Ends the listener without losing a client. In the order of Mercurial's main loop: clients can
     * no longer connect once the path is gone, those that are queued are handled, since they would
     * get ECONNRESET otherwise, and then the socket is closed.
     */
    void close() throws IOException {
        closed = true;
        update();
        try {
            handler.unlinkSocket(listener);
        } catch (IOException | RuntimeException e) { // of the file system, or a handler's own
            log.warn("cannot remove the socket {}: {}", listener.address(), e.toString());
        }
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
        while (!empty && !owner.isAbandoned()) {
            try {
                while (!hasRoom() && !owner.isAbandoned()) {
                    loop.runOnce(handler.pollInterval());
                }
                Connection connection = listener.accept();
                empty = connection == null;
                if (!empty) {
                    shortage.over();
                    serve(connection);
                }
            } catch (IOException e) {
                shortage.noticed(e.getMessage());
                loop.runOnce(handler.pollInterval()); // a worker's exit frees a descriptor
            }
        }
    }
}
