package org.hgcmdserver.posix;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Writes to a descriptor, which the caller keeps and closes. Failures carry an errno; the
 * exceptions of FileOutputStream have only a text in the user's language.
 */
public final class DescriptorOutput extends OutputStream {

    private final int fd;

    public DescriptorOutput(int fd) {
        this.fd = fd;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b});
    }

    /**
     * @throws PosixException such as EPIPE if the descriptor has no reader
     */
    @Override
    public void write(byte[] bytes, int offset, int length) throws PosixException {
        NativeMemory block = NativeMemory.of(Arrays.copyOfRange(bytes, offset, offset + length));
        for (int at = 0; at < length; ) {
            int count = (int) LibC.write(fd, block.slice(at), length - at);
            if (count < 0 && !PosixException.lastWas(Errno.EINTR)) {
                throw PosixException.last("write to fd " + fd);
            }
            at += Math.max(0, count);
        }
    }
}
