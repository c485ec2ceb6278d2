package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.hgcmdserver.posix.Users;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers that chg starts itself where it finds no socket, such as after {@code chg
 * --kill-chg-daemon}. The path that chg connects to is then a symbolic link to the socket of one of
 * them; each has a socket of its own beside it, whose name has the hash of its configuration
 * (chgserver._hashaddress). Such a server ends when its socket has gone
 * (chgunixservicehandler.shouldexit).
 */
final class ChgsOwnServers {

    private static final Logger log = LoggerFactory.getLogger(ChgsOwnServers.class);

    private ChgsOwnServers() {}

    /** Whether the path is such a link of this user's. */
    static boolean areAt(Path path) throws IOException {
        return Files.isSymbolicLink(path)
                && StaleSocket.owner(path) == Users.self()
                && sockets(path).matcher(Files.readSymbolicLink(path).toString()).matches();
    }

    /**
     * Removes the link. The servers' sockets stay: a server whose socket goes before its chg has
     * connected ends, and that chg's command fails.
     */
    static void remove(Path path) throws IOException {
        Files.delete(path);
        log.info("removed {}, which led to a server that chg had started", path);
    }

    /**
     * Removes what is left beside the path when the daemon ends: sockets, and the links of those
     * chgs that were killed before they could rename them.
     */
    static void removeRest(Path path) throws IOException {
        Pattern sockets = sockets(path);
        Pattern links = Pattern.compile(Pattern.quote(path.getFileName().toString()) + "\\.\\d+");
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path.getParent())) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (sockets.matcher(name).matches() && isOwn(file, StaleSocket.S_IFSOCK)
                        || links.matcher(name).matches() && isOwn(file, StaleSocket.S_IFLNK)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static boolean isOwn(Path file, int type) throws IOException {
        try {
            return StaleSocket.type(file) == type && StaleSocket.owner(file) == Users.self();
        } catch (NoSuchFileException gone) {
            return false;
        }
    }

    private static Pattern sockets(Path path) {
        String name = path.getFileName().toString();
        int dot = name.indexOf('.'); // the name for the hash is what comes before
        String base = dot < 0 ? name : name.substring(0, dot);
        return Pattern.compile(Pattern.quote(base) + "-[0-9a-f]{12}");
    }
}
