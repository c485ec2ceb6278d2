package org.hgcmdserver.posix;

import java.io.IOException;
import java.io.InputStream;

/**
 * Reads from a descriptor, which the caller keeps and closes. Failures carry an errno. Used by one
 * thread at a time.
 */
public final class DescriptorInput extends InputStream {

    private static final int AT_ONCE = 64 * 1024;

    private final int fd;
    private final NativeMemory block = NativeMemory.allocate(AT_ONCE);

    public DescriptorInput(int fd) {
        this.fd = fd;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    /**
     * @throws PosixException such as ECONNRESET if the peer has gone without reading everything
     */
    @Override
    public int read(byte[] bytes, int offset, int length) throws PosixException {
        if (length == 0) {
            return 0;
        }
        int count;
        do {
            count = (int) LibC.read(fd, block, Math.min(length, AT_ONCE));
        } while (count < 0 && PosixException.lastWas(Errno.EINTR));
        if (count < 0) {
            throw PosixException.last("read from fd " + fd);
        }
        System.arraycopy(block.bytes(0, count), 0, bytes, offset, count);
        return count == 0 ? -1 : count;
    }
}
