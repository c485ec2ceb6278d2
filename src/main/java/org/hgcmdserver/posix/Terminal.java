package org.hgcmdserver.posix;

/**
 * A terminal that a descriptor leads to (termios(3)). Its methods may be called from any thread.
 */
public final class Terminal {

    /** More than any platform's struct termios takes. */
    private static final int TERMIOS_SIZE = 256;

    private static final int TCSAFLUSH = 2; // termios.h, the same on all platforms
    private static final long ECHO = 0x8; // likewise
    private static final long ECHONL = Os.LINUX ? 0x40 : 0x10;

    /** c_lflag is the fourth of four: tcflag_t is an int on Linux, a long on macOS. */
    private static final int FLAG_SIZE = Os.LINUX ? 4 : 8;

    private static final int LOCAL_FLAGS = 3 * FLAG_SIZE;

    private final int fd;

    private boolean restoredForGood;

    /** The original settings; null while they are unchanged. */
    private NativeMemory before;

    /**
     * @param fd kept by the caller; if it does not lead to a terminal, this object changes nothing
     */
    public Terminal(int fd) {
        this.fd = fd;
    }

    /**
     * Stops echoing typed characters except the end of the line, and drops characters typed
     * already, as getpass(3) does.
     */
    public synchronized void hideInput() throws PosixException {
        NativeMemory now = NativeMemory.allocate(TERMIOS_SIZE);
        if (before != null || restoredForGood || LibC.tcgetattr(fd, now) < 0) {
            return;
        }
        NativeMemory changed = now.copy();
        if (FLAG_SIZE == 4) {
            int flags = now.getInt(LOCAL_FLAGS);
            changed.putInt(LOCAL_FLAGS, (int) (flags & ~ECHO | ECHONL));
        } else {
            long flags = now.getLong(LOCAL_FLAGS);
            changed.putLong(LOCAL_FLAGS, flags & ~ECHO | ECHONL);
        }
        before = now; // before the call, which may fail half done
        int result = LibC.tcsetattr(fd, TCSAFLUSH, changed);
        PosixException.check(result, "switch the echo off on", "fd " + fd);
    }

    /**
     * As {@link #restore}, for a process that ends: later calls of {@link #hideInput} have no
     * effect.
     */
    public synchronized void restoreForGood() {
        restoredForGood = true;
        restore();
    }

    /** Undoes {@link #hideInput}, if it has changed the terminal. */
    public synchronized void restore() {
        if (before != null) {
            LibC.tcsetattr(fd, TCSAFLUSH, before);
            before = null;
        }
    }
}
