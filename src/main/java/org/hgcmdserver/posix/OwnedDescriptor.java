package org.hgcmdserver.posix;

import java.io.Closeable;

/**
 * A file descriptor with one owner. The owner closes the descriptor or hands it over with {@link
 * #release}; only the first of these calls has an effect, since the kernel gives the number to
 * another file afterwards. Used by one thread at a time.
 */
public final class OwnedDescriptor implements Closeable {

    private static final int NONE = -1;

    private int fd;

    /** Takes {@code fd} over. */
    public OwnedDescriptor(int fd) {
        this.fd = fd;
    }

    /** The descriptor's number while this object owns the descriptor; else -1. */
    public int fd() {
        return fd;
    }

    /** Hands the descriptor over to the caller, which closes it from now on. */
    public int release() {
        int released = fd;
        fd = NONE;
        return released;
    }

    /** Closes the descriptor unless it has been closed or released before. */
    @Override
    public void close() {
        int closing = release();
        if (closing != NONE) {
            Descriptors.close(closing);
        }
    }
}
