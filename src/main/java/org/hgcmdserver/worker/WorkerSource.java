package org.hgcmdserver.worker;

import java.io.IOException;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.OwnedDescriptor;

/**
 * Finds a worker for each accepted connection. The service cannot tell one kind of source from
 * another. All calls come from the loop's thread.
 */
public interface WorkerSource {

    /** The service, as a source uses it. */
    interface Owner {
        /** Sends the client the reason why it gets no worker, and closes the connection. */
        void refuse(Connection connection, String reason);

        /** Updates the states of all workers that have said hello by now. */
        void noticeHellos() throws IOException;
    }

    /**
     * Takes {@code connection} over, and has a process that runs {@code server} serve it, now or as
     * soon as there is such a process.
     */
    void serve(Connection connection, CommandServer server);

    /**
     * Takes over the line of a busy worker that an earlier image of the daemon started.
     *
     * @throws IOException if the loop cannot listen to the line, which is then closed
     */
    default void adopt(Worker worker, OwnedDescriptor line) throws IOException {
        line.close(); // the workers of this source report nothing
    }

    /** A worker of this source, or of an earlier image of the daemon, has exited. */
    void workerExited(Worker worker);

    /** The number of connections that the source has taken over and that have no worker yet. */
    int waiting();

    /**
     * The number of connections that a worker has been given and has not received yet: only this
     * image of the daemon notices if that worker is stuck.
     */
    default int untaken() {
        return 0;
    }

    /** The next image of this process takes over at once, without this source's idle workers. */
    default void handOver() {}

    /** No more connections will come: the source retires its idle workers. */
    void drain();

    /** Makes a source when the service starts. */
    interface Factory {
        WorkerSource open(EventLoop loop, Children children, WorkerTable table, Owner owner)
                throws IOException;
    }
}
