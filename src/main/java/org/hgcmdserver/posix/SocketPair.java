package org.hgcmdserver.posix;

import java.io.Closeable;
import jnr.constants.platform.AddressFamily;
import jnr.constants.platform.Sock;

/**
 * Two connected stream sockets, close-on-exec (socketpair(2)): one end for this process, the other
 * for another process.
 */
public record SocketPair(OwnedDescriptor here, OwnedDescriptor there) implements Closeable {

    /**
     * @throws PosixException EMFILE or ENFILE when there are too many descriptors
     */
    public static SocketPair open() throws PosixException {
        int[] ends = new int[2];
        int family = AddressFamily.AF_UNIX.intValue();
        int result = LibC.C.socketpair(family, Sock.SOCK_STREAM.intValue(), 0, ends);
        PosixException.check(result, "socketpair", "AF_UNIX");
        for (int end : ends) {
            Descriptors.setCloseOnExec(end);
        }
        return new SocketPair(new OwnedDescriptor(ends[0]), new OwnedDescriptor(ends[1]));
    }

    /** Closes the ends that have not been handed over. */
    @Override
    public void close() {
        here.close();
        there.close();
    }
}
