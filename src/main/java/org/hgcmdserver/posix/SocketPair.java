package org.hgcmdserver.posix;

import java.io.Closeable;

/**
 * Two connected stream sockets, close-on-exec (socketpair(2)): one end for this process, the other
 * for another process.
 */
public record SocketPair(OwnedDescriptor here, OwnedDescriptor there) implements Closeable {

    /**
     * @throws PosixException EMFILE or ENFILE when there are too many descriptors
     */
    public static SocketPair open() throws PosixException {
        NativeMemory ends = NativeMemory.allocate(2 * 4);
        int result = LibC.socketpair(Constants.AF_UNIX, Constants.SOCK_STREAM, 0, ends);
        PosixException.check(result, "socketpair", "AF_UNIX");
        int here = ends.getInt(0);
        int there = ends.getInt(4);
        Descriptors.setCloseOnExec(here);
        Descriptors.setCloseOnExec(there);
        return new SocketPair(new OwnedDescriptor(here), new OwnedDescriptor(there));
    }

    /** Closes the ends that have not been handed over. */
    @Override
    public void close() {
        here.close();
        there.close();
    }
}
