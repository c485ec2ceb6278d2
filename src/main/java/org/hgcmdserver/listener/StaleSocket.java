package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.hgcmdserver.posix.Errno;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.PeerCredentials;
import org.hgcmdserver.posix.PosixException;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.posix.Users;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an earlier server has left at a path: its socket, or the link to the servers that chg starts
 * itself. Called with the directory's lock.
 */
final class StaleSocket {

    private static final Logger log = LoggerFactory.getLogger(StaleSocket.class);

    /** Type bits of st_mode in inode(7). */
    private static final int S_IFMT = 0170000;

    static final int S_IFSOCK = 0140000;
    static final int S_IFLNK = 0120000;
    private static final int S_IFDIR = 0040000;

    private StaleSocket() {}

    /**
     * Makes the path free.
     *
     * @throws ListenException if the path is in use, or is not a socket; the message says what to
     *     do
     */
    static void remove(Path path) throws IOException {
        Inode found;
        try {
            found = Inode.of(path);
            checkType(path);
            if (type(path) == S_IFLNK) {
                ChgsOwnServers.remove(path);
                return;
            }
        } catch (NoSuchFileException nothingThere) {
            return;
        }
        refuseIfServed(path);
        long owner = owner(path);
        if (owner != Users.self() && owner != 0) {
            throw new ListenException(
                    "cannot listen at %s: it is a socket that %s has left; remove it or choose another path with --address"
                            .formatted(path, Users.name(owner)));
        }
        if (found.equals(Inode.of(path))) {
            Files.delete(path);
            log.info("replaced the stale socket {}", path);
        }
    }

    /**
     * @return whether the path has a socket; false if there is no such file, or chg's link to one
     * @throws ListenException if the path has another file
     */
    static boolean checkType(Path path) throws IOException {
        int type;
        try {
            type = type(path);
        } catch (NoSuchFileException nothingThere) {
            return false;
        } catch (FileSystemException e) { // such as for a name that is too long; bind(2) says so
            return false;
        }
        if (type == S_IFSOCK || type == S_IFLNK && ChgsOwnServers.areAt(path)) {
            return type == S_IFSOCK;
        }
        String kind =
                switch (type) {
                    case S_IFLNK -> "a symbolic link";
                    case S_IFDIR -> "a directory";
                    default -> "an existing file";
                };
        throw new ListenException(
                "cannot listen at %s: it is %s, not a socket; move it away or choose another path with --address"
                        .formatted(path, kind));
    }

    /** Tests as a client would: a socket whose server is gone refuses connections. */
    private static void refuseIfServed(Path path) throws IOException {
        try (OwnedDescriptor socket = UnixSocket.open()) {
            UnixSocket.connect(socket.fd(), path);
            int pid = PeerCredentials.of(socket.fd()).pid();
            throw new ListenException(
                    "cannot listen at %s: already being served by %s; stop that server or choose another path with --address"
                            .formatted(path, server(pid)));
        } catch (PosixException e) {
            if (e.errno() == Errno.EAGAIN) { // a full queue means a live server
                throw new ListenException(
                        "cannot listen at %s: already being served by a busy server; stop that server or choose another path with --address"
                                .formatted(path));
            }
            if (e.errno() != Errno.ECONNREFUSED) {
                throw e;
            }
        }
    }

    private static String server(int pid) {
        if (pid == 1) {
            return "pid 1, the service manager, for a socket unit (systemctl list-sockets)";
        }
        return pid > 0 ? "pid " + pid + owner(pid) : "another process";
    }

    private static String owner(int pid) {
        try {
            int uid = (Integer) Files.getAttribute(Path.of("/proc/" + pid), "unix:uid");
            return " of user " + Users.name(uid);
        } catch (IOException | UnsupportedOperationException unknown) {
            return "";
        }
    }

    /** The type bits of the file itself, not of what a symbolic link leads to. */
    static int type(Path path) throws IOException {
        return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & S_IFMT;
    }

    /** The uid of the file, which may be a symbolic link. */
    static long owner(Path path) throws IOException {
        int uid = (Integer) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        return Integer.toUnsignedLong(uid);
    }
}
