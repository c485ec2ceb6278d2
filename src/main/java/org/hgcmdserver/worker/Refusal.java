package org.hgcmdserver.worker;

import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.protocol.Channel;

/**
 * The last words to a client that is not served: one line on the error channel, and then the end of
 * the connection. Used in the loop's thread only.
 */
public final class Refusal {

    private Refusal() {}

    /**
     * Tells the client the reason and ends its input. The connection stays the caller's to release.
     *
     * @return whether the client was still there
     */
    public static boolean tell(Connection connection, String reason) {
        byte[] frame = Channel.ERROR.frame("hg-cmdserver: " + reason + "\n");
        boolean told = UnixSocket.sendWithoutWaiting(connection.fd(), frame) > 0;
        // a request left unread at the end would have the client read ECONNRESET
        UnixSocket.endInput(connection.fd());
        UnixSocket.discardInput(connection.fd());
        return told;
    }
}
