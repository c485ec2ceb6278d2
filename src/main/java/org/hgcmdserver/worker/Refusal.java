package org.hgcmdserver.worker;

import java.io.IOException;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.protocol.Channel;

/**
 * Refuses a client: sends one line on the error channel, and then ends the connection. Used in the
 * loop's thread only.
 */
public final class Refusal {

    private Refusal() {}

    /** More than any queue holds (net.core.somaxconn), so that a flood ends. */
    private static final int MOST_QUEUED = 100_000;

    /**
     * Refuses the clients in the queue of a service that will never serve them: without an answer
     * they would wait for ever.
     *
     * @throws IOException if the rest of the queue cannot be accepted
     */
    public static void tellQueued(Listener queue, String reason) throws IOException {
        Connection client = queue.accept();
        for (int i = 0; client != null && i < MOST_QUEUED; i++) {
            tell(client, reason);
            client.release();
            client = queue.accept();
        }
    }

    /**
     * Sends the client the reason, and ends the connection's input. The caller still has to release
     * the connection.
     *
     * @return whether the client was still there
     */
    public static boolean tell(Connection connection, String reason) {
        byte[] frame = Channel.ERROR.frame("hg-cmdserver: " + reason + "\n");
        boolean told = UnixSocket.sendWithoutWaiting(connection.fd(), frame) > 0;
        // with a request left unread at close, the client would get ECONNRESET
        UnixSocket.endInput(connection.fd());
        UnixSocket.discardInput(connection.fd());
        return told;
    }
}
