package org.hgcmdserver.posix;

import java.io.Closeable;
import java.nio.file.Path;

/**
 * Tells, by a descriptor that becomes readable, that a file's name is removed or replaced
 * (inotify(7)). Linux only. Used in the event loop's thread.
 */
public final class FileWatch implements Closeable {

    // sys/inotify.h, the same on all architectures
    private static final int IN_ATTRIB = 0x4; // also when a name of the file goes
    private static final int IN_MOVE_SELF = 0x800;
    private static final int IN_DONT_FOLLOW = 0x02000000;

    private static final int BUFFER_SIZE = 4096;

    private final OwnedDescriptor fd;
    private final NativeMemory buffer = NativeMemory.allocate(BUFFER_SIZE);

    private FileWatch(OwnedDescriptor fd) {
        this.fd = fd;
    }

    public static boolean isPossible() {
        return Os.LINUX;
    }

    /**
     * @throws PosixException such as EMFILE, also at the user's limit of such descriptors
     */
    public static FileWatch open() throws PosixException {
        int fd = PosixException.check(LibC.inotify_init1(0), "inotify_init1", "");
        FileWatch watch = new FileWatch(new OwnedDescriptor(fd));
        try {
            Descriptors.setCloseOnExec(fd);
            Descriptors.setNonBlocking(fd, true);
        } catch (PosixException e) {
            watch.close();
            throw e;
        }
        return watch;
    }

    /** Watches the file that has the path now; a watch ends with its file. */
    public void add(Path path) throws PosixException {
        int events = IN_ATTRIB | IN_MOVE_SELF | IN_DONT_FOLLOW;
        int added = LibC.inotify_add_watch(fd.fd(), NativeMemory.path(path), events);
        PosixException.check(added, "inotify_add_watch", path);
    }

    public int fd() {
        return fd.fd();
    }

    /** Forgets what has happened up to now. */
    public void drain() {
        while (LibC.read(fd.fd(), buffer, BUFFER_SIZE) > 0) {
            // until the descriptor is not readable any more
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
