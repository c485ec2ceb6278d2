package org.hgcmdserver.service;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.reload.Successor;
import org.hgcmdserver.worker.CommandServer;

/**
 * The set of pluggable operations of a {@link ForkingService}, as Mercurial's {@code
 * unixservicehandler} is of {@code unixforkingservice}. The thread that runs the service calls all
 * methods in the daemon, one at a time; unlike in Mercurial this includes {@link #createCmdServer},
 * since the process that will serve the connection is not a copy of the daemon.
 */
public interface ServiceHandler {

    /**
     * Makes the listening socket; called once, at start.
     *
     * @param address where to listen; an inherited socket has its own address
     * @throws IOException if binding fails; the service does not start
     */
    Listener bindSocket(Path address) throws IOException;

    /**
     * Removes the socket's path; called once, when the service stops accepting.
     *
     * @throws IOException if it cannot be removed; the service logs this and goes on stopping
     */
    default void unlinkSocket(Listener listener) throws IOException {
        listener.unlink();
    }

    /** Reports where the service listens; called once, when clients can connect. */
    void printBanner(String address);

    /** Whether the service should drain and end; called once per poll interval. */
    default boolean shouldExit() {
        return false;
    }

    /**
     * Whether the service refuses the client.
     *
     * @return the reason, for the client's error channel; empty to serve the client
     */
    default Optional<String> refusal(Peer peer) {
        return Optional.empty();
    }

    /**
     * Called when the main process notices a new connection that it will serve, and at start for
     * each connection that an earlier image of the process has handed over.
     */
    default void newConnection(Peer peer) {}

    /** Called once for each connection when it has ended, for whatever reason. */
    default void connectionEnded(Peer peer) {}

    /** The program that replaces this one in a reload; null if the service cannot be reloaded. */
    default Successor successor() {
        return null;
    }

    /** The command server that serves the connection. */
    CommandServer createCmdServer(Peer peer);
}
