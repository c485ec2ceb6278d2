package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.posix.Users;

/** The path of a socket: whether this daemon can bind there, and nobody can replace the socket. */
public final class SocketPlace {

    /** Permission bits of st_mode in inode(7). */
    private static final int S_ISVTX = 01000;

    private static final int S_IWGRP = 0020;
    private static final int S_IWOTH = 0002;

    /** In a user namespace root's files may belong to an unmapped user. */
    private static final Path ROOT = Path.of("/");

    private SocketPlace() {}

    /**
     * Checks whether {@link BoundListener#bind} would refuse this path whatever runs at the moment:
     * because of its directory, of its length, or of another file than a socket. A socket in a
     * directory to which this user cannot write is one that the service manager passes on.
     *
     * @throws ListenException if so; the message says what to do
     */
    public static void check(Path path) throws IOException {
        boolean isSocket = StaleSocket.checkType(path);
        if (isSocket && !Files.isWritable(path.getParent())) {
            return; // the service manager has bound it, in a directory of its own
        }
        checkDirectory(path);
        try {
            UnixSocket.checkPath(path);
        } catch (IOException e) {
            throw ListenException.cannot(path, e.getMessage(), e);
        }
    }

    static void checkDirectory(Path path) throws IOException {
        Path directory = path.getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw new ListenException(
                    "cannot listen at %s: there is no directory %s; make it with: mkdir -m 700 -p %s"
                            .formatted(path, directory, directory));
        }
        if (!Files.isWritable(directory)) {
            throw new ListenException(
                    "cannot listen at %s: the directory %s is not writable for this user; choose another with --address"
                            .formatted(path, directory));
        }
        checkWay(path, directory.toRealPath());
        for (Path part = directory.toAbsolutePath(); part != null; part = part.getParent()) {
            if (Files.isSymbolicLink(part)) {
                checkWay(path, part.getParent().toRealPath());
            }
        }
    }

    private static void checkWay(Path path, Path directory) throws IOException {
        for (Path part = directory; part != null; part = part.getParent()) {
            checkNobodyElseCanReplace(path, part);
        }
    }

    /**
     * The rule of safe_path in OpenSSH's misc.c: a user who can rename a directory can replace it.
     */
    private static void checkNobodyElseCanReplace(Path path, Path directory) throws IOException {
        long owner = StaleSocket.owner(directory);
        if (owner != Users.self() && owner != 0 && owner != StaleSocket.owner(ROOT)) {
            throw new ListenException(
                    "cannot listen at %s: %s belongs to %s, who can replace files there; choose another directory with --address"
                            .formatted(path, directory, Users.name(owner)));
        }
        int mode = (Integer) Files.getAttribute(directory, "unix:mode");
        if ((mode & (S_IWGRP | S_IWOTH)) != 0 && (mode & S_ISVTX) == 0) {
            throw new ListenException(
                    "cannot listen at %s: others can replace files in %s; protect it with: chmod go-w %s"
                            .formatted(path, directory, directory));
        }
    }
}
