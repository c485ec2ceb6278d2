package org.hgcmdserver.posix;

import java.io.Closeable;
import java.nio.file.Path;

/**
 * A file held fast (O_PATH in open(2)): whatever becomes of its path meanwhile, what is done by
 * {@link #path} is done to this very file. Where there is no O_PATH (other than Linux) it is just
 * the path.
 */
public final class FileHandle implements Closeable {

    private final int fd;
    private final Path path;

    private FileHandle(int fd, Path path) {
        this.fd = fd;
        this.path = path;
    }

    /**
     * @param file is not opened; symbolic links are followed
     */
    public static FileHandle of(Path file) throws PosixException {
        if (!Os.LINUX) {
            return new FileHandle(-1, file);
        }
        int fd = Descriptors.openHandle(file);
        return new FileHandle(fd, Path.of("/proc/self/fd/" + fd));
    }

    /** Another path of the file, a short one, for this process alone. */
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Descriptors.close(fd);
        }
    }
}
