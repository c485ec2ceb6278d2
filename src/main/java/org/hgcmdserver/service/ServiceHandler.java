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
 * unixservicehandler} is of {@code unixforkingservice}. All methods are called in the daemon, by
 * the thread that runs the service, one at a time; unlike in Mercurial that holds for {@link
 * #createCmdServer} too, since the process that will serve the connection is not a copy of this
 * one.
 */
public interface ServiceHandler {

    /**
     * Makes the listening socket; called once, at start.
     *
     * @param address where to listen; what is inherited has its own address
     * @throws IOException the service does not start
     */
    Listener bindSocket(Path address) throws IOException;

    /**
     * Removes the socket's path; called once, when the service stops accepting.
     *
     * @throws IOException is logged, and the service goes on stopping
     */
    default void unlinkSocket(Listener listener) throws IOException {
        listener.unlink();
    }

    /** Says where the service listens; called once, when clients can connect. */
    void printBanner(String address);

    /** Whether the service should drain and end; asked once per poll interval. */
    default boolean shouldExit() {
        return false;
    }

    /**
     * Whether a client is to be turned away.
     *
     * @return what to tell it, on the error channel; empty to serve it
     */
    default Optional<String> refusal(Peer peer) {
        return Optional.empty();
    }

    /**
     * Called when the main process notices a new connection that it will serve, and at start for
     * each that an earlier image of the process has handed over.
     */
    default void newConnection(Peer peer) {}

    /** Called when a connection has ended, whatever became of it; once for each. */
    default void connectionEnded(Peer peer) {}

    /** What takes this program's place in a reload; null if the service cannot be reloaded. */
    default Successor successor() {
        return null;
    }

    /** What serves the connection. */
    CommandServer createCmdServer(Peer peer);
}
