package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.FileWatch;
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

    /** Takes over {@code fd}, which is bound and listening. */
    Listener(int fd, String address) throws IOException {
        this(fd, address, Descriptors.isNonBlocking(fd));
    }

    Listener(int fd, String address, boolean wasNonBlocking) throws IOException {
        this.fd = fd;
        this.address = address;
        this.wasNonBlocking = wasNonBlocking;
        Descriptors.setCloseOnExec(fd);
        Descriptors.setNonBlocking(fd, true); // a client may give up between poll and accept
    }

    public final int fd() {
        return fd;
    }

    /** The socket's path, or its abstract name behind an "@". */
    public final String address() {
        return address;
    }

    /**
     * Whether another process made the socket and passed it on, so that the permissions of the
     * socket decide who may connect.
     */
    public abstract boolean isInherited();

    /**
     * Whether clients still reach this socket at its path; a socket that this process did not bind
     * counts as reachable.
     */
    public abstract boolean isReachable();

    /**
     * Makes a socket at the path of this one, which is not reachable any more, and listens to that
     * one from now on, with the same descriptor.
     *
     * @return the old socket, with the clients in its queue; empty if the path cannot be had now,
     *     or never ({@link #isLost})
     */
    public abstract Optional<Listener> rebind();

    /**
     * A watch that tells the caller of a change of the path, before the caller asks {@link
     * #isReachable}; the caller closes it. Empty if there is none for this socket or on this
     * system.
     */
    public Optional<FileWatch> watch() {
        return Optional.empty();
    }

    /** Whether {@link #rebind} has found that the path cannot be had any more. */
    public abstract boolean isLost();

    /** A text for people: who can write to the socket, by the permissions of its file. */
    public final String permissions() {
        try {
            Map<String, Object> file =
                    Files.readAttributes(PlatformPath.of(address), "posix:permissions,owner,group");
            @SuppressWarnings("unchecked") // as PosixFileAttributeView documents
            Set<PosixFilePermission> mode = (Set<PosixFilePermission>) file.get("permissions");
            return "by the permissions of %s, %s of user %s and group %s"
                    .formatted(
                            address,
                            PosixFilePermissions.toString(mode),
                            file.get("owner"),
                            file.get("group"));
        } catch (IOException | IllegalArgumentException e) { // an abstract name has no file
            return "everybody who can reach " + address;
        }
    }

    /** Whether the socket was non-blocking when this process received it. */
    final boolean wasNonBlocking() {
        return wasNonBlocking;
    }

    /** One line for {@link ListenerState}, from which another image of this process continues. */
    public abstract String description();

    /**
     * Takes the next connection from the queue (accept(2)), after dropping those whose client has
     * gone already: the worker of such a client would only end when it says hello.
     *
     * @param mostGone how many may be dropped
     * @return null if no connection is queued, or if that many have been dropped
     * @throws IOException such as EMFILE, which leaves the queue unchanged
     */
    public final Connection accept(int mostGone) throws IOException {
        for (int gone = 0; gone < mostGone; gone++) {
            int accepted = UnixSocket.accept(fd);
            if (accepted < 0) {
                return null;
            }
            if (!UnixSocket.isHungUp(accepted)) {
                return Connection.of(accepted);
            }
            Descriptors.close(accepted);
        }
        return null;
    }

    /** As {@link #accept(int)}; null if the queue is empty. */
    public final Connection accept() throws IOException {
        return accept(Integer.MAX_VALUE);
    }

    /** Lets scripts see that this process accepts connections ({@link ProcessMark}). */
    public final void announce() {
        ProcessMark.write(address());
    }

    /** Undoes {@link #announce}. */
    public final void withdraw() {
        ProcessMark.remove(address());
    }

    /**
     * Closes the socket to new clients; queued clients can still be accepted.
     *
     * @return whether this process has to serve the queue; false for a socket of the service
     *     manager, whose queue the next instance serves
     */
    public abstract boolean refuseNewConnections();

    /**
     * Removes the socket's path, if this process made the path and it still leads to this socket.
     *
     * @throws IOException if the path cannot be removed
     */
    public abstract void unlink() throws IOException;

    /** Closes the descriptor, and leaves the socket to its other holders in its original mode. */
    public final void release() throws IOException {
        if (!wasNonBlocking) {
            Descriptors.setNonBlocking(fd, false); // all holders of the socket share the flag
        }
        Descriptors.close(fd);
    }
}
