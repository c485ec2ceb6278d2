package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Has the kernel, when memory runs out, end children before this process, whose end would be that
 * of all clients (proc_pid_oom_score_adj(5)). May be called from any thread.
 */
final class Expendable {

    /** A tenth of the memory that there is. */
    private static final int MORE = 100;

    private static final int MOST = 1000;

    /** Null if the system has no such scores. */
    private static final String SCORE = score();

    private Expendable() {}

    private static String score() {
        try {
            int own = Integer.parseInt(Files.readString(file("self")).strip());
            return String.valueOf(Math.min(MOST, Math.max(0, own) + MORE));
        } catch (IOException | NumberFormatException none) {
            return null;
        }
    }

    private static Path file(String process) {
        return Path.of("/proc", process, "oom_score_adj");
    }

    /** Marks a child of this user that was just started; its children inherit that. */
    static void mark(int pid) {
        if (SCORE != null) {
            try {
                Files.writeString(file(String.valueOf(pid)), SCORE);
            } catch (IOException gone) {
                // the child has ended, or has become another user
            }
        }
    }
}
