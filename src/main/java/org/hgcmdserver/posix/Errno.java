package org.hgcmdserver.posix;

/**
 * The errors of system calls that this program distinguishes (errno(3)), with the platform's
 * numbers.
 */
public enum Errno {
    EADDRINUSE,
    EAGAIN,
    EBADF,
    ECHILD,
    ECONNABORTED,
    ECONNREFUSED,
    EINTR,
    EIO,
    EMFILE,
    ENAMETOOLONG,
    ENFILE,
    ENOBUFS,
    ENOENT,
    ENOMEM,
    ENOSPC,
    EPERM,
    EPIPE,
    ERANGE,
    ESRCH,
    ETOOMANYREFS,
    /** Any other error; the exception's text names it. */
    OTHER;

    private static final Errno[] ALL = values();

    private final int number;

    Errno() {
        number = name().equals("OTHER") ? -1 : Constants.errno(name());
    }

    static Errno of(int number) {
        for (Errno errno : ALL) {
            if (errno.number == number) {
                return errno;
            }
        }
        return OTHER;
    }

    int number() {
        return number;
    }
}
