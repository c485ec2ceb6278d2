package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.hgcmdserver.posix.SafePath;
import org.hgcmdserver.posix.SafePath.Weakness;
import org.hgcmdserver.posix.UnixSocket;

/** The path of a socket: whether this daemon can bind there, and nobody can replace the socket. */
public final class SocketPlace {

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
        Optional<Weakness> found = SafePath.onTheWay(directory, OptionalLong.empty());
        if (found.isPresent()) {
            throw new ListenException(
                    "cannot listen at %s: %s; %s%s"
                            .formatted(
                                    path,
                                    found.get().reason(),
                                    found.get().remedy(),
                                    found.get().owner().isPresent() ? " with --address" : ""));
        }
    }
}
