package org.hgcmdserver.posix;

import java.nio.charset.StandardCharsets;
import jnr.ffi.Pointer;

/** A client's end of a connection, for tests that play both sides without a process. */
public final class SocketEnd implements AutoCloseable {

    private static final int SIZE = 4096;

    private final OwnedDescriptor end;

    /** Takes {@code end} over. */
    public SocketEnd(OwnedDescriptor end) throws PosixException {
        this.end = new OwnedDescriptor(end.release());
        Descriptors.setNonBlocking(this.end.fd(), true);
    }

    /**
     * The bytes that have arrived, a character for each; empty if none has, or at the end of file.
     */
    public String read() {
        Pointer buffer = NativeMemory.allocate(SIZE);
        byte[] bytes = new byte[(int) Math.max(0, LibC.C.read(end.fd(), buffer, SIZE))];
        buffer.get(0, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Shuts down this end's sending side. */
    public void endOutput() {
        LibC.C.shutdown(end.fd(), 1);
    }

    /** Writes {@code text}, a byte for each character. */
    public void write(String text) {
        UnixSocket.sendWithoutWaiting(end.fd(), text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Whether the other end is closed and this end has read all its bytes. */
    public boolean isAtEnd() {
        return LibC.C.read(end.fd(), NativeMemory.allocate(1), 1) == 0;
    }

    @Override
    public void close() {
        end.close();
    }
}
