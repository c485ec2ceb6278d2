package org.hgcmdserver.listener;

import java.io.IOException;
import java.util.Optional;
import org.hgcmdserver.posix.Errno;
import org.hgcmdserver.posix.Launchd;
import org.hgcmdserver.posix.PosixException;

/**
 * The socket that launchd bound for this job: macOS's socket activation passes no descriptors on,
 * the job asks for them.
 */
public final class LaunchdListener {

    /** What the property lists in launchd/ call it, under Sockets. */
    private static final String SOCKET = "Listener";

    private LaunchdListener() {}

    /**
     * Asks launchd for the socket, which it gives to a process once.
     *
     * @return empty if this system has no launchd or if it did not start this process
     * @throws ListenException if the job has no such socket, or several, or not a listening AF_UNIX
     *     stream socket
     */
    public static Optional<Listener> activate() throws IOException {
        if (!Launchd.isThere()) {
            return Optional.empty();
        }
        int[] fds;
        try {
            fds = Launchd.activateSocket(SOCKET);
        } catch (PosixException e) {
            if (e.errno() == Errno.ESRCH) {
                return Optional.empty();
            }
            if (e.errno() == Errno.ENOENT) {
                throw new ListenException(
                        "launchd has no socket named %s for this job; call it so under Sockets in the property list"
                                .formatted(SOCKET),
                        e);
            }
            throw new ListenException("cannot take the socket from launchd: " + e.getMessage(), e);
        }
        if (fds.length != 1) {
            throw new ListenException(
                    "launchd has %d sockets named %s, but this service takes exactly one; give it one SockPathName in the property list"
                            .formatted(fds.length, SOCKET));
        }
        return Optional.of(
                new InheritedListener(fds[0], SOCKET, InheritedListener.Manager.LAUNCHD));
    }
}
