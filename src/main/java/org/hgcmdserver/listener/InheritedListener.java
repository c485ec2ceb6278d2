package org.hgcmdserver.listener;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.hgcmdserver.posix.PosixException;
import org.hgcmdserver.posix.SocketDescription;

/**
 * A socket that the service manager bound and passed on: as descriptor 3 (sd_listen_fds(3)), or on
 * request (see {@link LaunchdListener}). The service never unlinks the socket's path, and leaves
 * connections that are queued when it ends to the next instance.
 */
public final class InheritedListener extends Listener {

    private static final int SD_LISTEN_FDS_START = 3;

    /** The manager that passed the socket, and its advice for a socket of the wrong kind. */
    enum Manager {
        SYSTEMD(
                "start this through a socket unit or without LISTEN_FDS",
                "let ListenStream= name a path, not a port",
                "use ListenStream= in the socket unit",
                "use Accept=no in the socket unit"),
        LAUNCHD(
                "give it a SockPathName in the property list",
                "give it a SockPathName in the property list, and no SockServiceName",
                "let its SockType be stream in the property list",
                "let its SockPassive be true in the property list");

        private final String ifNoSocket;
        private final String ifNotUnix;
        private final String ifNotStream;
        private final String ifNotListening;

        Manager(String ifNoSocket, String ifNotUnix, String ifNotStream, String ifNotListening) {
            this.ifNoSocket = ifNoSocket;
            this.ifNotUnix = ifNotUnix;
            this.ifNotStream = ifNotStream;
            this.ifNotListening = ifNotListening;
        }
    }

    private final boolean certain;

    /**
     * Takes {@code fd} over.
     *
     * @param name the manager's name for the socket
     * @throws ListenException if {@code fd} is not a listening AF_UNIX stream socket
     */
    InheritedListener(int fd, String name, Manager manager) throws IOException {
        super(fd, checkedAddress(fd, name, manager));
        certain = true;
    }

    private InheritedListener(int fd, String address, boolean wasNonBlocking, boolean certain)
            throws IOException {
        super(fd, address, wasNonBlocking);
        this.certain = certain;
    }

    /**
     * @param certain whether the socket is known to be the service manager's; else its origin is
     *     unknown
     */
    static InheritedListener adopt(int fd, boolean wasNonBlocking, boolean certain)
            throws IOException {
        return new InheritedListener(
                fd, SocketDescription.of(fd).address(), wasNonBlocking, certain);
    }

    /** Whether the variables say that this process was passed a socket, of whatever kind. */
    public static boolean isPassed(Map<String, String> environment, long pid) {
        try {
            return ListenVariables.nameOfSocket(environment, pid).isPresent();
        } catch (ListenException severalOrNone) {
            return true;
        }
    }

    @Override
    public String description() {
        return certain ? ListenerState.inherited(wasNonBlocking()) : ListenerState.UNKNOWN;
    }

    /**
     * Looks for a passed socket in the environment.
     *
     * @param pid this process's id: variables for another process do not count
     * @return empty if no socket was passed to this process
     * @throws ListenException if anything other than one listening AF_UNIX stream socket was passed
     */
    public static Optional<Listener> fromEnvironment(Map<String, String> environment, long pid)
            throws IOException {
        Optional<String> name = ListenVariables.nameOfSocket(environment, pid);
        return name.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new InheritedListener(SD_LISTEN_FDS_START, name.get(), Manager.SYSTEMD));
    }

    private static String checkedAddress(int fd, String name, Manager manager)
            throws ListenException {
        String what = "the inherited descriptor " + fd + " (" + name + ")";
        SocketDescription socket;
        try {
            socket = SocketDescription.of(fd);
        } catch (PosixException e) {
            throw new ListenException(
                    "%s is not a socket (%s); %s"
                            .formatted(what, e.getMessage(), manager.ifNoSocket),
                    e);
        }
        if (!socket.unix()) {
            throw new ListenException(what + " is not an AF_UNIX socket; " + manager.ifNotUnix);
        }
        if (!socket.stream()) {
            throw new ListenException(what + " is not a stream socket; " + manager.ifNotStream);
        }
        if (!socket.listening()) {
            throw new ListenException(
                    what + " is not a listening socket; " + manager.ifNotListening);
        }
        return socket.address();
    }

    @Override
    public boolean isInherited() {
        return certain;
    }

    @Override
    public boolean isReachable() {
        return true;
    }

    @Override
    public Optional<Listener> rebind() {
        return Optional.empty(); // only the process that bound the path can listen there again
    }

    @Override
    public boolean isLost() {
        return false;
    }

    @Override
    public boolean refuseNewConnections() {
        return false; // shutdown(2) would end the socket for the service manager too
    }

    @Override
    public void unlink() {
        // the path belongs to the process that bound it
    }
}
