package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
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

    /** Removes the link and the servers' sockets; the servers finish their commands, and end. */
    static void remove(Path path) throws IOException {
        Files.delete(path);
        removeMatching(path, sockets(path));
        log.info("removed {}, which led to servers that chg had started", path);
    }

    /**
     * Removes what is left at the end beside the path: sockets, and the links of those chgs that
     * were killed before they could rename them.
     */
    static void removeRest(Path path) throws IOException {
        String link = Pattern.quote(path.getFileName().toString()) + "\\.\\d+";
        removeMatching(path, Pattern.compile(link + "|" + sockets(path)));
    }

    private static void removeMatching(Path path, Pattern names) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path.getParent())) {
            for (Path file : files) {
                if (names.matcher(file.getFileName().toString()).matches()
                        && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                        && StaleSocket.owner(file) == Users.self()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static Pattern sockets(Path path) {
        String name = path.getFileName().toString();
        int dot = name.indexOf('.'); // the name for the hash is what comes before
        String base = dot < 0 ? name : name.substring(0, dot);
        return Pattern.compile(Pattern.quote(base) + "-[0-9a-f]{12}");
    }
}
