package org.hgcmdserver.worker;

import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.protocol.Channel;

/**
 * Refuses a client: sends one line on the error channel, and then ends the connection. Used in the
 * loop's thread only.
 */
public final class Refusal {

    private Refusal() {}

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
