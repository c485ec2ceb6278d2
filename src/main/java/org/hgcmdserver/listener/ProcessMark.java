package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.hgcmdserver.posix.PlatformPath;
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

    private ProcessMark() {}

    /** Writes the file; no file if the directory does not permit it, or the address is no path. */
    static void write(String address) {
        if (!address.startsWith("/") || !Files.exists(STAT)) {
            return;
        }
        Path file = beside(address);
        try {
            if (isOwn(file)) {
                return; // an earlier image of this process has written it
            }
            Files.deleteIfExists(file);
            // never through a link: in a directory that others can write to, a link would be theirs
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
            if (isOwn(file)) {
                Files.delete(file);
            }
        } catch (IOException e) {
            log.debug("left {}: {}", file, e.toString());
        }
    }

    private static boolean isOwn(Path file) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && Files.readString(file, StandardCharsets.ISO_8859_1).equals(ownMark());
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
