package org.hgcmdserver.posix;

import java.io.File;

/**
 * Keeps the daemon's descriptors from a spawned program: the JVM does not make its own descriptors
 * (jars, the modules file) close-on-exec.
 */
final class CloseOnExec {

    /** False with a glibc older than 2.34 and with musl. */
    private static final boolean HAS_CLOSE_FROM =
            NativeLibrary.C.has("posix_spawn_file_actions_addclosefrom_np");

    private CloseOnExec() {}

    /**
     * Arranges that a program spawned with {@code actions} has no descriptor from {@code first}.
     */
    static void above(int first, NativeMemory actions) throws PosixException {
        if (HAS_CLOSE_FROM) {
            int error = LibC.posix_spawn_file_actions_addclosefrom_np(actions, first);
            if (error != 0) {
                throw PosixException.of("close descriptors from " + first, error);
            }
        } else {
            markAll(first);
        }
    }

    /** Marks all open descriptors; the dup2 actions of a spawn unmark those for the program. */
    static void markAll(int first) {
        String[] open = new File(Os.LINUX ? "/proc/self/fd" : "/dev/fd").list();
        for (String name : open == null ? new String[0] : open) {
            int fd = Integer.parseInt(name);
            if (fd >= first) {
                try {
                    Descriptors.setCloseOnExec(fd);
                } catch (PosixException closedMeanwhile) {
                    // such as the descriptor of the listing itself
                }
            }
        }
    }
}
