package org.hgcmdserver.posix;

import java.nio.charset.StandardCharsets;

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
        NativeMemory buffer = NativeMemory.allocate(SIZE);
        int size = (int) Math.max(0, LibC.read(end.fd(), buffer, SIZE));
        return new String(buffer.bytes(0, size), StandardCharsets.ISO_8859_1);
    }

    /** Shuts down this end's sending side. */
    public void endOutput() {
        LibC.shutdown(end.fd(), 1);
    }

    /** Writes {@code text}, a byte for each character. */
    public void write(String text) {
        UnixSocket.sendWithoutWaiting(end.fd(), text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Whether the other end is closed and this end has read all its bytes. */
    public boolean isAtEnd() {
        return LibC.read(end.fd(), NativeMemory.allocate(1), 1) == 0;
    }

    @Override
    public void close() {
        end.close();
    }
}
