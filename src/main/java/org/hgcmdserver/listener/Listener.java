package org.hgcmdserver.listener;

import java.io.IOException;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.UnixSocket;

/**
 * Owns the listening descriptor from start-up until {@link #release}. Used in the service's loop
 * thread only.
 */
public abstract class Listener {

    private final int fd;
    private final String address;
    private final boolean wasNonBlocking;

    /** Takes {@code fd}, which is bound and listening and belongs to this object from now on. */
    Listener(int fd, String address) throws IOException {
        this(fd, address, Descriptors.isNonBlocking(fd));
    }

    Listener(int fd, String address, boolean wasNonBlocking) throws IOException {
        this.fd = fd;
        this.address = address;
        this.wasNonBlocking = wasNonBlocking;
        Descriptors.setCloseOnExec(fd);
        Descriptors.setNonBlocking(fd, true); // between poll and accept a client may give up
    }

    public final int fd() {
        return fd;
    }

    /** The socket's path, or its abstract name behind an "@". */
    public final String address() {
        return address;
    }

    /** Whether it did not block when it came to this process. */
    final boolean wasNonBlocking() {
        return wasNonBlocking;
    }

    /** What another image of this process needs to know; for {@link HandedOver}. One line. */
    public abstract String description();

    /**
     * Takes the next connection from the queue (accept(2)).
     *
     * @return null if none is queued
     * @throws IOException such as EMFILE, which leaves the queue as it is
     */
    public final Connection accept() throws IOException {
        int accepted = UnixSocket.accept(fd);
        if (accepted < 0) {
            return null;
        }
        UnixSocket.Credentials peer = UnixSocket.peerCredentials(accepted);
        return new Connection(accepted, new Peer(peer.pid(), peer.uid(), peer.gid()));
    }

    /**
     * Ends the socket for new clients, while those that are queued can still be accepted.
     *
     * @return whether the queue is now this process's to serve; false for a socket of the service
     *     manager, whose queue is left for the next instance
     */
    public abstract boolean refuseNewConnections();

    /**
     * Removes the socket's path, if this process made it and it still is this socket.
     *
     * @throws IOException if it should go and cannot
     */
    public abstract void unlink() throws IOException;

    /** Closes the descriptor, and leaves the socket as it was found to whoever else holds it. */
    public final void release() throws IOException {
        if (!wasNonBlocking) {
            Descriptors.setNonBlocking(fd, false); // the flag belongs to all holders of the socket
        }
        Descriptors.close(fd);
    }
}
