package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A text in memory that has a descriptor but no name, and that no process can change: a sealed
 * memfd_create(2), or an unlinked file on systems without it.
 */
public final class SealedText {

    private static final int MFD_CLOEXEC_ALLOW_SEALING = 1 | 2;
    private static final int F_ADD_SEALS = 1033; // fcntl(2)
    private static final int F_GET_SEALS = 1034;
    private static final int ALL_SEALS = 1 | 2 | 4 | 8; // seal, shrink, grow, write
    private static final int O_RDWR = 2; // fcntl.h, the same on all platforms
    private static final int CHUNK = 64 * 1024;

    private SealedText() {}

    /** Returns the text's descriptor, close-on-exec. */
    public static OwnedDescriptor create(String name, String content) throws IOException {
        int fd =
                Os.LINUX
                        ? LibC.memfd_create(NativeMemory.path(name), MFD_CLOEXEC_ALLOW_SEALING)
                        : unlinkedFile(name);
        PosixException.check(fd, "memfd_create", name);
        OwnedDescriptor text = new OwnedDescriptor(fd);
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        if (LibC.write(fd, NativeMemory.of(bytes), bytes.length) != bytes.length) {
            PosixException failure = PosixException.last("write " + name);
            text.close();
            throw failure;
        }
        if (Os.LINUX && LibC.fcntl(fd, F_ADD_SEALS, ALL_SEALS) != 0) {
            PosixException failure = PosixException.last("seal " + name);
            text.close();
            throw failure;
        }
        return text;
    }

    /**
     * Why a descriptor that this process has inherited is not one of {@link #create} by a process
     * of this user: a sentence without its subject; empty if it is one, and where the system does
     * not tell.
     */
    public static Optional<String> whyNotSealed(int fd, String name) {
        if (!Os.LINUX) {
            return Optional.empty();
        }
        int seals = LibC.fcntl(fd, F_GET_SEALS, 0);
        if (seals < 0) {
            boolean closed = PosixException.lastWas(Errno.EBADF);
            return Optional.of(closed ? "is not open" : "is not memory of a process");
        }
        if ((seals & ALL_SEALS) != ALL_SEALS) {
            return Optional.of("is not sealed");
        }
        Path link = Path.of("/proc/self/fd/" + fd);
        try {
            String target = Files.readSymbolicLink(link).toString();
            if (!target.equals("/memfd:" + name + " (deleted)")) {
                return Optional.of("is not named " + name);
            }
            long owner = Integer.toUnsignedLong((Integer) Files.getAttribute(link, "unix:uid"));
            return owner == Users.self()
                    ? Optional.empty()
                    : Optional.of("belongs to " + Users.name(owner));
        } catch (IOException noProc) {
            return Optional.empty();
        }
    }

    private static int unlinkedFile(String name) throws IOException {
        Path file = Files.createTempFile(name, null);
        int fd = LibC.open(NativeMemory.path(file), O_RDWR, 0);
        PosixException.check(fd, "open", file);
        LibC.unlink(NativeMemory.path(file));
        return fd;
    }

    /** The whole text behind {@code fd}; the caller keeps the descriptor. */
    public static String read(int fd) throws PosixException {
        NativeMemory buffer = NativeMemory.allocate(CHUNK);
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        while (true) {
            int size = (int) LibC.pread(fd, buffer, CHUNK, all.size());
            PosixException.check(size, "read", "fd " + fd);
            if (size == 0) {
                return all.toString(StandardCharsets.UTF_8);
            }
            all.writeBytes(buffer.bytes(0, size));
        }
    }
}
