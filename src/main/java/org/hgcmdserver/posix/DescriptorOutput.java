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
        int end = offset + length;
        for (int at = offset; at < end; ) {
            byte[] left =
                    at == 0 && end == bytes.length ? bytes : Arrays.copyOfRange(bytes, at, end);
            int count = (int) LibC.C.write(fd, left, left.length);
            if (count < 0 && !PosixException.lastWas(Errno.EINTR)) {
                throw PosixException.last("write to fd " + fd);
            }
            at += Math.max(0, count);
        }
    }
}
