package org.hgcmdserver.worker;

import java.io.IOException;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.EventLoop;

/**
 * Turns accepted connections into workers. The service cannot tell one kind from another. All calls
 * come from the loop's thread.
 */
public interface WorkerSource {

    /**
     * Has {@code connection} served by a process that runs {@code server}, now or as soon as there
     * is one, and takes the connection over.
     */
    void serve(Connection connection, CommandServer server);

    /** How many connections it has taken over that have no worker yet. */
    int waiting();

    /** No connection will come any more: workers that wait for one are let go. */
    void drain();

    /** Makes a source when the service starts. */
    interface Factory {
        WorkerSource open(EventLoop loop, WorkerTable table, HelloWatch hello) throws IOException;
    }
}
