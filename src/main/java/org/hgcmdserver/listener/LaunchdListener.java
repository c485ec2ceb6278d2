package org.hgcmdserver.listener;

import java.io.IOException;
import java.util.Optional;
import org.hgcmdserver.posix.Errno;
import org.hgcmdserver.posix.Launchd;
import org.hgcmdserver.posix.PosixException;

/**
 * The socket that launchd bound for this job: macOS's socket activation passes no descriptors on;
 * the job asks for them.
 */
public final class LaunchdListener {

    /** The socket's name under Sockets in the property lists in launchd/. */
    private static final String SOCKET = "Listener";

    private LaunchdListener() {}

    /**
     * Asks launchd for the socket, which launchd gives to a process only once.
     *
     * @return empty if this system has no launchd or if it did not start this process
     * @throws ListenException if the job has no such socket, or several, or one that is not a
     *     listening AF_UNIX stream socket
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
                        "launchd has no socket named %s for this job; use this name under Sockets in the property list"
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
