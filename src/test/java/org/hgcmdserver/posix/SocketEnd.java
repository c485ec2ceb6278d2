package org.hgcmdserver.posix;

import java.nio.charset.StandardCharsets;
import jnr.ffi.Pointer;

/** A client's end of a connection, for tests that play both sides without a process. */
public final class SocketEnd implements AutoCloseable {

    private static final int SIZE = 4096;

    private final int fd;
    private boolean closed;

    public SocketEnd(int fd) throws PosixException {
        this.fd = fd;
        Descriptors.setNonBlocking(fd, true);
    }

    /**
     * The bytes that have arrived, a character for each; empty if none has, or at the end of file.
     */
    public String read() {
        Pointer buffer = NativeMemory.allocate(SIZE);
        byte[] bytes = new byte[(int) Math.max(0, LibC.C.read(fd, buffer, SIZE))];
        buffer.get(0, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Whether the other end is closed and this end has read all its bytes. */
    public boolean isAtEnd() {
        return LibC.C.read(fd, NativeMemory.allocate(1), 1) == 0;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Descriptors.close(fd);
        }
    }
}
