package org.hgcmdserver.listener;

import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.PeerCredentials;

/**
 * An accepted connection. A connection has one owner at a time: first the service, then the worker
 * source that takes it over, then the owner that the source names. The last owner calls {@link
 * #release}.
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

    /** Takes a connected socket over, and asks the kernel for the peer. */
    public static Connection of(int fd) {
        PeerCredentials peer = PeerCredentials.of(fd);
        return new Connection(fd, new Peer(peer.pid(), peer.uid(), peer.gid(), peer.groups()));
    }

    /** A connection that exists, but for which this process has no handle and knows no peer. */
    public static Connection unknown() {
        return new Connection(-1, new Peer(0, -1, -1));
    }

    /** Whether this process has a handle, {@link #fd}. */
    public boolean hasHandle() {
        return fd() >= 0;
    }

    /** Runs {@code action} once, when this handle has been released. */
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
     * Closes this process's handle of the connection; other holders of a handle keep the connection
     * itself. Only the first call has an effect. Called in the service's loop thread.
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
