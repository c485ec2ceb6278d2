package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.PeerCredentials;
import org.hgcmdserver.posix.PlatformPath;
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

    /**
     * Whether the socket is somebody else's, who passed it on, and whose permissions therefore
     * decide who may connect.
     */
    public abstract boolean isInherited();

    /**
     * Whether clients still reach this socket at its path; what is not this process's own is taken
     * to be there.
     */
    public abstract boolean isReachable();

    /** Who can write to the socket, by the permissions of its file, for people. */
    public final String permissions() {
        try {
            Map<String, Object> file =
                    Files.readAttributes(PlatformPath.of(address), "posix:permissions,owner,group");
            @SuppressWarnings("unchecked") // as the documentation of PosixFileAttributeView has it
            Set<PosixFilePermission> mode = (Set<PosixFilePermission>) file.get("permissions");
            return "by the permissions of %s, %s of user %s and group %s"
                    .formatted(
                            address,
                            PosixFilePermissions.toString(mode),
                            file.get("owner"),
                            file.get("group"));
        } catch (IOException | IllegalArgumentException e) { // an abstract name has none
            return "everybody who can reach " + address;
        }
    }

    /** Whether it did not block when it came to this process. */
    final boolean wasNonBlocking() {
        return wasNonBlocking;
    }

    /** What another image of this process needs to know; for {@link ListenerState}. One line. */
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
        PeerCredentials peer = PeerCredentials.of(accepted);
        return new Connection(
                accepted, new Peer(peer.pid(), peer.uid(), peer.gid(), peer.groups()));
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
