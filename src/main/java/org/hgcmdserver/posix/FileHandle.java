package org.hgcmdserver.posix;

import java.io.Closeable;
import java.nio.file.Path;

/**
 * A reference to a file (O_PATH in open(2)): operations on {@link #path} affect exactly this file,
 * even if another file has replaced it at its original path. On systems without O_PATH (other than
 * Linux) the handle is just the path.
 */
public final class FileHandle implements Closeable {

    /** Null where the handle is just the path. */
    private final OwnedDescriptor handle;

    private final Path path;

    private FileHandle(OwnedDescriptor handle, Path path) {
        this.handle = handle;
        this.path = path;
    }

    /**
     * @param file the file, which is not opened; the handle follows symbolic links
     */
    public static FileHandle of(Path file) throws PosixException {
        if (!Os.LINUX) {
            return new FileHandle(null, file);
        }
        OwnedDescriptor handle = Descriptors.openHandle(file);
        return new FileHandle(handle, Path.of("/proc/self/fd/" + handle.fd()));
    }

    /** A second, short path of the file, valid in this process only. */
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        if (handle != null) {
            handle.close();
        }
    }
}
