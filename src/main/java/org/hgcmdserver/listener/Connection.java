package org.hgcmdserver.listener;

import org.hgcmdserver.posix.Descriptors;

/**
 * An accepted connection. It has one owner at a time: the service until a worker source has taken
 * it, and then whoever that names; the owner ends with {@link #release}.
 */
public final class Connection {

    private final int fd;
    private final Peer peer;

    Connection(int fd, Peer peer) {
        this.fd = fd;
        this.peer = peer;
    }

    /** The connected socket; valid until {@link #release}. */
    public int fd() {
        return fd;
    }

    public Peer peer() {
        return peer;
    }

    /**
     * Closes this process's handle of the connection and leaves the connection itself to whoever
     * else has a handle.
     */
    public void release() {
        Descriptors.close(fd);
    }
}
