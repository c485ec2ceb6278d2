package org.hgcmdserver.worker;

import java.io.IOException;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.OwnedDescriptor;

/**
 * Turns accepted connections into workers. The service cannot tell one kind from another. All calls
 * come from the loop's thread.
 */
public interface WorkerSource {

    /** What a source asks of its service. */
    interface Owner {
        /** Tells the client of a connection that gets no worker why, and ends the connection. */
        void refuse(Connection connection, String reason);

        /** Looks for all workers that have said hello by now, so that their states tell. */
        void noticeHellos() throws IOException;
    }

    /**
     * Has {@code connection} served by a process that runs {@code server}, now or as soon as there
     * is one, and takes the connection over.
     */
    void serve(Connection connection, CommandServer server);

    /**
     * Takes over the line of a busy worker that an earlier image of the daemon has started.
     *
     * @throws IOException if the loop cannot listen to it; it is closed then
     */
    default void adopt(Worker worker, OwnedDescriptor line) throws IOException {
        line.close(); // this source makes no workers that report
    }

    /** A worker has exited, of this source or of an earlier image of the daemon. */
    void workerExited(Worker worker);

    /** How many connections the source has taken over that have no worker yet. */
    int waiting();

    /** No connection will come any more: the source retires workers that wait for one. */
    void drain();

    /** Makes a source when the service starts. */
    interface Factory {
        WorkerSource open(EventLoop loop, Children children, WorkerTable table, Owner owner)
                throws IOException;
    }
}
