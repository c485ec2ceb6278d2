package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.Users;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file beside a socket, {@code server.sock.pid}, that names the process which accepts connections
 * there: its pid and the time of its start (proc_pid_stat(5), starttime), which identify a process
 * for good. By this file a shell script sees that somebody listens, without a search of
 * /proc/net/unix by another program (chg.sh). Without the file, and with that of a process that has
 * ended, the script searches.
 */
final class ProcessMark {

    private static final Logger log = LoggerFactory.getLogger(ProcessMark.class);

    private static final Path STAT = Path.of("/proc/self/stat");

    /** The index of starttime in proc_pid_stat(5), counted from the field after the name. */
    private static final int START = 19;

    private static final int WRITABLE_BY_OTHERS = 022;

    /** More than the length of a mark, in bytes. */
    private static final int LONGEST = 64;

    private ProcessMark() {}

    /**
     * Writes the file, unless the address is not a path, the directory is not this user's alone, or
     * the directory has a file of that name that no daemon has written.
     */
    static void write(String address) {
        if (!address.startsWith("/") || !Files.exists(STAT)) {
            return;
        }
        Path file = beside(address);
        try {
            if (!isThisUsersAlone(file.getParent())) {
                return; // scripts do not trust such a directory
            }
            String found = content(file);
            if (found.equals(ownMark())) {
                return; // an earlier image of this process has written it
            }
            if (isMark(found)) {
                Files.delete(file);
            }
            Files.writeString(file, ownMark(), StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            log.debug("no mark {}: {}", file, e.toString());
        }
    }

    /** Removes the file, if it names this process. */
    static void remove(String address) {
        if (!address.startsWith("/")) {
            return;
        }
        Path file = beside(address);
        try {
            if (content(file).equals(ownMark())) {
                Files.delete(file);
            }
        } catch (IOException e) {
            log.debug("left {}: {}", file, e.toString());
        }
    }

    private static boolean isThisUsersAlone(Path directory) throws IOException {
        Map<String, Object> file = Files.readAttributes(directory, "unix:uid,mode");
        return Integer.toUnsignedLong((Integer) file.get("uid")) == Users.self()
                && ((Integer) file.get("mode") & WRITABLE_BY_OTHERS) == 0;
    }

    /** The text of a file that may be a mark; empty for any other file, and without a file. */
    private static String content(Path file) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) <= LONGEST
                ? Files.readString(file, StandardCharsets.ISO_8859_1)
                : "";
    }

    /** Whether the text is a pid and a time. */
    private static boolean isMark(String text) {
        int blank = text.indexOf(' ');
        return blank > 0
                && text.endsWith("\n")
                && isNumber(text.substring(0, blank))
                && isNumber(text.substring(blank + 1, text.length() - 1));
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static Path beside(String address) {
        return PlatformPath.of(address + ".pid");
    }

    private static String ownMark() throws IOException {
        String stat = Files.readString(STAT, StandardCharsets.ISO_8859_1);
        int pid = stat.indexOf(' ');
        int at = stat.lastIndexOf(") ") + 2; // a name may contain anything
        for (int i = 0; i < START; i++) {
            at = stat.indexOf(' ', at) + 1;
        }
        return stat.substring(0, pid) + " " + stat.substring(at, stat.indexOf(' ', at)) + "\n";
    }
}
