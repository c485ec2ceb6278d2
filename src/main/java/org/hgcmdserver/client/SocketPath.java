package org.hgcmdserver.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PosixException;
import org.hgcmdserver.posix.UnixSocket;

/** Connects to socket paths of any length. */
final class SocketPath {

    private SocketPath() {}

    static OwnedDescriptor connect(Path address) throws IOException {
        Path path = PlatformPath.workingDirectory().resolve(address);
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
