package org.hgcmdserver.posix;

import java.io.File;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Platform;
import jnr.ffi.Pointer;

/**
 * Keeps the daemon's descriptors from a spawned program: the JVM does not make its own descriptors
 * (jars, the modules file) close-on-exec.
 */
final class CloseOnExec {

    /** Null with a glibc older than 2.34 and with musl. */
    private static final LibC.CloseFrom CLOSE_FROM = loadCloseFrom();

    private CloseOnExec() {}

    /**
     * Arranges that a program spawned with {@code actions} has no descriptor from {@code first}.
     */
    static void above(int first, Pointer actions) throws PosixException {
        if (CLOSE_FROM != null) {
            int error = CLOSE_FROM.posix_spawn_file_actions_addclosefrom_np(actions, first);
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

    private static LibC.CloseFrom loadCloseFrom() {
        try {
            LibC.CloseFrom c =
                    LibraryLoader.create(LibC.CloseFrom.class)
                            .failImmediately()
                            .load(Platform.getNativePlatform().getStandardCLibraryName());
            Pointer probe = NativeMemory.allocate(512);
            LibC.C.posix_spawn_file_actions_init(probe);
            c.posix_spawn_file_actions_addclosefrom_np(probe, 3);
            LibC.C.posix_spawn_file_actions_destroy(probe);
            return c;
        } catch (UnsatisfiedLinkError older) {
            return null;
        }
    }
}
