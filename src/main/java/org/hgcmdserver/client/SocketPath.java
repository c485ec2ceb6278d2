package org.hgcmdserver.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.UnixSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;

/** Connects to socket paths of any length. */
final class SocketPath {

    private SocketPath() {}

    static AFUNIXSocketChannel connect(Path address) throws IOException {
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

    private static AFUNIXSocketChannel connectShort(Path path, Path shown) throws IOException {
        AFUNIXSocketChannel channel = AFUNIXSocketChannel.open();
        try {
            channel.connect(AFUNIXSocketAddress.of(PlatformPath.bytes(path)));
            return channel;
        } catch (IOException e) {
            channel.close();
            String reason = e.getMessage() == null ? e.toString() : e.getMessage();
            throw new UnreachableException("cannot connect to " + shown + ": " + reason, e);
        }
    }
}
