package org.hgcmdserver.posix;

import com.kenai.jffi.LastError;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;

/** A failed system call: the operation, its object, and errno's own text. */
public final class PosixException extends IOException {

    private static final long serialVersionUID = 1;

    /**
     * The errors of accept(2), fork(2), posix_spawn(3), socketpair(2), sendmsg(2) and epoll_ctl(2)
     * that are not a fault of the call: ENOSPC is the limit of epoll's watches and of process ids,
     * ETOOMANYREFS the limit of descriptors in transit between processes.
     */
    private static final Set<Errno> SHORTAGES =
            EnumSet.of(
                    Errno.EMFILE,
                    Errno.ENFILE,
                    Errno.EAGAIN,
                    Errno.ENOMEM,
                    Errno.ENOBUFS,
                    Errno.ENOSPC,
                    Errno.ETOOMANYREFS);

    private final Errno errno;
    private final String reason;

    private PosixException(String tried, int errno) {
        super(tried + ": " + text(errno));
        this.errno = Errno.of(errno);
        reason = text(errno);
    }

    /**
     * The failure of the call that this thread made last.
     *
     * @param tried the call and its object, such as {@code "bind /run/x/server.sock"}
     */
    static PosixException last(String tried) {
        return new PosixException(tried, LastError.getInstance().get());
    }

    /** The failure of a call that returns its error number, like posix_spawn(3). */
    static PosixException of(String tried, int errno) {
        return new PosixException(tried, errno);
    }

    static boolean lastWas(Errno errno) {
        return LastError.getInstance().get() == errno.number();
    }

    /** Throws when {@code result} is negative, as system calls report failures; else returns it. */
    static int check(int result, String call, Object object) throws PosixException {
        if (result < 0) {
            throw last(call + " " + object);
        }
        return result;
    }

    /** The error. */
    public Errno errno() {
        return errno;
    }

    /**
     * Whether the system was short of descriptors, processes or memory, so that the same call may
     * succeed later. Callable from any thread.
     */
    public boolean isShortage() {
        return SHORTAGES.contains(errno);
    }

    /** The error's own text, such as "No space left on device". */
    public String reason() {
        return reason;
    }

    private static String text(int errno) {
        byte[] text = NativeMemory.stringAt(LibC.strerror(errno));
        return text == null ? "errno " + errno : PlatformString.decode(text);
    }
}
