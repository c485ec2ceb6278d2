package org.hgcmdserver.listener;

import org.hgcmdserver.posix.OwnedDescriptor;

/**
 * An accepted connection. It has one owner at a time: the service until a worker source has taken
 * it, and then whoever that names; the owner ends with {@link #release}.
 */
public final class Connection {

    private final OwnedDescriptor handle;
    private final Peer peer;

    private Runnable onRelease = () -> {};
    private boolean released;

    /** Takes {@code fd} over. */
    public Connection(int fd, Peer peer) {
        handle = new OwnedDescriptor(fd);
        this.peer = peer;
    }

    /** One of which this process has no handle, and knows nothing but that it is there. */
    public static Connection unknown() {
        return new Connection(-1, new Peer(0, -1, -1));
    }

    /** Whether this process has a handle, {@link #fd}. */
    public boolean hasHandle() {
        return fd() >= 0;
    }

    /** Has {@code action} run once, when this handle has been released. */
    public void onRelease(Runnable action) {
        onRelease = action;
    }

    /** The connected socket; -1 without a handle. */
    public int fd() {
        return handle.fd();
    }

    public Peer peer() {
        return peer;
    }

    /**
     * Closes this process's handle of the connection and leaves the connection itself to whoever
     * else has a handle. Only the first call has an effect. Called in the service's loop thread.
     */
    public void release() {
        if (released) {
            return;
        }
        released = true;
        handle.close();
        onRelease.run();
    }
}
