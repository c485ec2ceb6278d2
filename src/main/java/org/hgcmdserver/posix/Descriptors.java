package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/** Calls on file descriptors that no other code in this process uses. */
public final class Descriptors {

    private static final int F_GETFD = 1; // fcntl.h, the same on all platforms
    private static final int F_SETFD = 2;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int FD_CLOEXEC = 1;
    private static final int O_DIRECTORY = Os.LINUX ? linuxDirectoryFlag() : 0x100000;
    private static final int O_PATH = 0x200000;
    private static final int RLIMIT_NOFILE = Os.LINUX ? 7 : 8;
    private static final int LOCK_EX = 2; // sys/file.h, the same on all platforms
    private static final int LOCK_NB = 4;

    private Descriptors() {}

    /** How many descriptors this process may have: the soft limit RLIMIT_NOFILE (getrlimit(2)). */
    public static long limit() {
        NativeMemory limits = NativeMemory.allocate(2 * Long.BYTES);
        if (LibC.getrlimit(RLIMIT_NOFILE, limits) != 0) {
            return 0;
        }
        long soft = limits.getLong(0);
        return soft < 0 ? Long.MAX_VALUE : soft; // RLIM_INFINITY
    }

    /**
     * close(2). EINTR is not a failure: on Linux the descriptor is closed anyway, and a second
     * close could hit a number that another thread has received meanwhile.
     */
    public static void close(int fd) {
        LibC.close(fd);
    }

    public static void setCloseOnExec(int fd) throws PosixException {
        int flags = PosixException.check(LibC.fcntl(fd, F_GETFD, 0), "fcntl", "fd " + fd);
        PosixException.check(
                LibC.fcntl(fd, F_SETFD, flags | FD_CLOEXEC), "set FD_CLOEXEC on", "fd " + fd);
    }

    /** Passes the descriptor on to a program that this process executes. */
    static void clearCloseOnExec(int fd) throws PosixException {
        int flags = PosixException.check(LibC.fcntl(fd, F_GETFD, 0), "fcntl", "fd " + fd);
        PosixException.check(
                LibC.fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC), "clear FD_CLOEXEC on", "fd " + fd);
    }

    /** Another descriptor of the same open file (dup(2)), close-on-exec. */
    public static OwnedDescriptor duplicate(int fd) throws PosixException {
        return owned(LibC.dup(fd), "dup", "fd " + fd);
    }

    /** Lets the descriptor {@code fd} be one of another open file (dup2(2)), close-on-exec. */
    public static void replace(int fd, int other) throws PosixException {
        PosixException.check(LibC.dup2(other, fd), "dup2 to", "fd " + fd);
        setCloseOnExec(fd);
    }

    public static boolean isNonBlocking(int fd) throws PosixException {
        int flags = PosixException.check(LibC.fcntl(fd, F_GETFL, 0), "fcntl", "fd " + fd);
        return (flags & Constants.O_NONBLOCK) != 0;
    }

    public static void setNonBlocking(int fd, boolean on) throws PosixException {
        int flags = PosixException.check(LibC.fcntl(fd, F_GETFL, 0), "fcntl", "fd " + fd);
        int bit = Constants.O_NONBLOCK;
        PosixException.check(
                LibC.fcntl(fd, F_SETFL, on ? flags | bit : flags & ~bit),
                "set O_NONBLOCK on",
                "fd " + fd);
    }

    /** A descriptor that refers to a file without opening it (O_PATH in open(2)); Linux only. */
    static OwnedDescriptor openHandle(Path file) throws PosixException {
        return owned(LibC.open(NativeMemory.path(file), O_PATH, 0), "open", file);
    }

    /** /dev/null for reading. */
    public static OwnedDescriptor openNull() throws PosixException {
        return owned(LibC.open(NativeMemory.path("/dev/null"), 0, 0), "open", "/dev/null");
    }

    /**
     * Opens a directory for reading.
     *
     * @throws PosixException with the reason, such as ENOENT, ENOTDIR or EACCES
     */
    static OwnedDescriptor openDirectory(Path directory) throws PosixException {
        int fd = LibC.open(NativeMemory.path(directory), O_DIRECTORY, 0);
        return owned(fd, "open directory", directory);
    }

    /** The result of open(2), close-on-exec. */
    private static OwnedDescriptor owned(int fd, String call, Object file) throws PosixException {
        PosixException.check(fd, call, file);
        setCloseOnExec(fd);
        return new OwnedDescriptor(fd);
    }

    /**
     * Locks a directory against every other process that locks it with this method, until the
     * result is closed (flock(2)). Leaves no file in the directory. Does not wait.
     *
     * @return null if another process has locked the directory
     */
    public static Closeable tryLockDirectory(Path directory) throws IOException {
        OwnedDescriptor lock = openDirectory(directory);
        if (LibC.flock(lock.fd(), LOCK_EX | LOCK_NB) == 0) {
            return lock;
        }
        boolean locked = PosixException.lastWas(Errno.EAGAIN);
        PosixException failure = PosixException.last("lock directory " + directory);
        lock.close();
        if (locked) {
            return null;
        }
        throw failure;
    }

    private static int linuxDirectoryFlag() {
        // asm/fcntl.h: arm and powerpc use their own number
        return switch (System.getProperty("os.arch")) {
            case "aarch64", "arm", "ppc64", "ppc64le" -> 0x4000;
            default -> 0x10000;
        };
    }
}
