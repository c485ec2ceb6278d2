package org.hgcmdserver.client;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PosixException;
import org.hgcmdserver.posix.UnixSocket;

/** Connects to socket paths of any length, if nobody else can replace the socket. */
final class SocketPath {

    private SocketPath() {}

    /**
     * @throws UnreachableException if no server listens there, or this user may not connect
     * @throws UntrustedServerException if another user can replace the socket
     */
    static OwnedDescriptor connect(Path address, Trust trust) throws IOException {
        Path path = PlatformPath.workingDirectory().resolve(address);
        boolean isKnown = true;
        try {
            trust.checkWay(path);
        } catch (FileSystemException e) { // most probably connect(2) fails too, and says why
            isKnown = false;
        }
        OwnedDescriptor socket = connect(path);
        if (!isKnown) {
            socket.close();
            throw new UntrustedServerException(
                    "cannot trust the server at " + path + ": it has just appeared; try again",
                    OptionalLong.empty());
        }
        return socket;
    }

    private static OwnedDescriptor connect(Path path) throws IOException {
        if (PlatformPath.bytes(path).length <= UnixSocket.MAX_PATH) {
            return connectShort(path, path);
        }
        // unix(7): the path does not fit into sun_path. A link to the path is short; Mercurial
        // changes into the directory instead, which a Java program cannot.
        Path shortcuts = PlatformPath.createTemporaryDirectory("hg-cmdserver");
        Path link = shortcuts.resolve("s");
        try {
            Files.createSymbolicLink(link, path);
            return connectShort(link, path);
        } finally {
            Files.deleteIfExists(link);
            Files.delete(shortcuts);
        }
    }

    private static OwnedDescriptor connectShort(Path path, Path shown) throws IOException {
        OwnedDescriptor socket = UnixSocket.open();
        try {
            UnixSocket.connectWaiting(socket.fd(), path);
            return socket;
        } catch (PosixException e) {
            socket.close();
            throw new UnreachableException("cannot connect to " + shown + ": " + e.reason(), e);
        }
    }
}
