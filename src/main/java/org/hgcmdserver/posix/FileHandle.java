package org.hgcmdserver.posix;

import java.io.Closeable;
import java.nio.file.Path;

/**
 * A file held fast (O_PATH in open(2)): whatever becomes of its path meanwhile, what is done by
 * {@link #path} is done to this very file. Where there is no O_PATH (other than Linux) it is just
 * the path.
 */
public final class FileHandle implements Closeable {

    /** Null where the path itself serves. */
    private final OwnedDescriptor handle;

    private final Path path;

    private FileHandle(OwnedDescriptor handle, Path path) {
        this.handle = handle;
        this.path = path;
    }

    /**
     * @param file is not opened; symbolic links are followed
     */
    public static FileHandle of(Path file) throws PosixException {
        if (!Os.LINUX) {
            return new FileHandle(null, file);
        }
        OwnedDescriptor handle = Descriptors.openHandle(file);
        return new FileHandle(handle, Path.of("/proc/self/fd/" + handle.fd()));
    }

    /** Another path of the file, a short one, for this process alone. */
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
