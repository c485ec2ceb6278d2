package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sockets of unix(7), as bare descriptors. Not through junixsocket: its {@code bind} takes a path
 * over from a live server and sets mode 0666, its {@code close} shuts down a connection that a
 * worker holds, and its cleaner does the same when the channel's object is not kept. A client
 * starts in two thirds of the time without it.
 */
public final class UnixSocket {

    /** unix(7): sun_path is 108 bytes on Linux, 104 on the BSDs, one of which is the final NUL. */
    public static final int MAX_PATH = Os.LINUX ? 107 : 103;

    private static final long SIOCOUTQ = 0x5411;
    private static final int POLLOUT = 4;
    private static final int POLLHUP = 0x10;
    private static final int AF_UNIX = Constants.AF_UNIX;
    private static final int SOCK_STREAM = Constants.SOCK_STREAM;
    private static final int SOL_SOCKET = Constants.SOL_SOCKET;
    private static final int SOMAXCONN = Os.LINUX ? 4096 : 128;
    static final int SUN_PATH = 2;
    static final int SOCKADDR_SIZE = SUN_PATH + 108 + 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SHUT_RD = 0;
    private static final int SHUT_WR = 1;
    private static final int SHUT_RDWR = 2;

    /** More than a socket's buffer holds, but not endless work. */
    private static final int MAX_DISCARDED = 1 << 20;

    private static final int DISCARDED_AT_ONCE = 1 << 14;

    private static final int MSG_DONTWAIT = Os.LINUX ? 0x40 : 0x80;
    private static final int MSG_NOSIGNAL = Os.LINUX ? 0x4000 : 0x80000;

    private UnixSocket() {}

    /**
     * Makes a stream socket, close-on-exec, which the caller owns.
     *
     * @throws PosixException EMFILE or ENFILE if there are too many descriptors
     */
    public static OwnedDescriptor open() throws PosixException {
        return open(SOCK_STREAM);
    }

    static OwnedDescriptor open(int type) throws PosixException {
        int fd = PosixException.check(LibC.socket(AF_UNIX, type, 0), "socket", "AF_UNIX");
        Descriptors.setCloseOnExec(fd);
        return new OwnedDescriptor(fd);
    }

    /**
     * bind(2) to a path of any length, whose last name is at most {@link #MAX_PATH} bytes long.
     * Mercurial's {@code bindunixsocket} changes into the directory for this, which a process with
     * several threads must not do: this method binds a short name in the directory, reached through
     * a descriptor, and then links the path to it. Must be called before listen(2).
     *
     * @throws PosixException EADDRINUSE if the path exists, ENAMETOOLONG for a longer name
     */
    public static void bind(int fd, Path path) throws IOException {
        byte[] name = PlatformPath.bytes(path);
        if (name.length <= MAX_PATH) {
            bind(fd, name, path);
            return;
        }
        checkName(path);
        String shortName = ".hg-cmdserver." + ProcessHandle.current().pid();
        try (OwnedDescriptor directory = Descriptors.openDirectory(path.getParent())) {
            String reached = "/proc/self/fd/" + directory.fd() + "/" + shortName;
            bind(fd, PlatformString.encode(reached), path);
            // a link, since a move might replace a socket that another process has bound meanwhile
            try {
                Files.createLink(path, path.resolveSibling(shortName));
            } catch (FileAlreadyExistsException e) {
                throw PosixException.of("bind " + path, Errno.EADDRINUSE.number());
            } finally {
                Files.delete(path.resolveSibling(shortName));
            }
        }
    }

    private static void bind(int fd, byte[] name, Path path) throws PosixException {
        NativeMemory address = NativeMemory.allocate(SOCKADDR_SIZE);
        int result = LibC.bind(fd, address, fill(address, name));
        PosixException.check(result, "bind", path);
    }

    /**
     * connect(2) to a path of any length, without waiting for room in the server's queue.
     *
     * @throws PosixException ECONNREFUSED if no server listens, EAGAIN if the queue is full
     */
    public static void connect(int fd, Path path) throws PosixException {
        Descriptors.setNonBlocking(fd, true);
        connectWaiting(fd, path);
    }

    /**
     * connect(2) to a path of any length; waits for room in the server's queue.
     *
     * @throws PosixException such as ENOENT, EACCES, or ECONNREFUSED if no server listens
     */
    public static void connectWaiting(int fd, Path path) throws PosixException {
        NativeMemory address = NativeMemory.allocate(SOCKADDR_SIZE);
        byte[] name = PlatformPath.bytes(path);
        if (name.length <= MAX_PATH) {
            int result = LibC.connect(fd, address, fill(address, name));
            PosixException.check(result, "connect to", path);
            return;
        }
        checkName(path);
        try (FileHandle handle = FileHandle.of(path)) {
            int length = fill(address, PlatformPath.bytes(handle.path()));
            PosixException.check(LibC.connect(fd, address, length), "connect to", path);
        }
    }

    /**
     * @throws PosixException ENAMETOOLONG if no socket can have this path
     */
    public static void checkPath(Path path) throws PosixException {
        if (PlatformPath.bytes(path).length > MAX_PATH) {
            checkName(path);
        }
    }

    private static void checkName(Path path) throws PosixException {
        if (!Os.LINUX || PlatformPath.bytes(path.getFileName()).length > MAX_PATH) {
            // the kernel would truncate the name and bind to another
            throw PosixException.of("address " + path, Errno.ENAMETOOLONG.number());
        }
    }

    /**
     * connect(2) to the path {@code name}, or to the abstract name after an "@".
     *
     * @return the call's result
     */
    static int connect(int fd, byte[] name) {
        NativeMemory address = NativeMemory.allocate(SOCKADDR_SIZE);
        int length = fill(address, name);
        if (name[0] == '@') {
            address.putByte(SUN_PATH, 0);
            length--; // a NUL at the end would be part of the name
        }
        return LibC.connect(fd, address, length);
    }

    /** Fills a sockaddr_un with a path; returns its length. */
    private static int fill(NativeMemory address, byte[] name) {
        int length = SUN_PATH + name.length + 1;
        if (Os.LINUX) {
            address.putShort(0, AF_UNIX);
        } else {
            address.putByte(0, length); // sun_len
            address.putByte(1, AF_UNIX);
        }
        address.put(SUN_PATH, name);
        return length;
    }

    /** listen(2) with the longest queue that the system allows, as Mercurial does. */
    public static void listen(int fd, Path path) throws PosixException {
        PosixException.check(LibC.listen(fd, SOMAXCONN), "listen at", path);
    }

    /**
     * Makes every later connect fail with ECONNREFUSED, as if the server were gone, while queued
     * connections can still be accepted. Affects every holder of the socket, so it is only for
     * sockets that no other process holds.
     */
    public static void refuseNewConnections(int listeningFd) {
        LibC.shutdown(listeningFd, SHUT_RD);
    }

    /**
     * Ends the input of a connection's other holder: it reads the data that has arrived, and then
     * the end of file. Data that it writes still reaches the peer.
     */
    public static void endInput(int connectedFd) {
        LibC.shutdown(connectedFd, SHUT_RD);
    }

    /**
     * Ends the output of a connection's other holder: what it writes, or is waiting to write, fails
     * with EPIPE. The peer still reads what has been written.
     */
    public static void endOutput(int connectedFd) {
        LibC.shutdown(connectedFd, SHUT_WR);
    }

    /** Ends a connection in both directions, whoever else holds it. */
    public static void shutDown(int connectedFd) {
        LibC.shutdown(connectedFd, SHUT_RDWR);
    }

    /** Discards whatever has arrived. Never blocks. */
    public static void discardInput(int connectedFd) {
        NativeMemory buffer = NativeMemory.allocate(DISCARDED_AT_ONCE);
        long read = 1;
        for (int i = 0; i < MAX_DISCARDED / DISCARDED_AT_ONCE && read > 0; i++) {
            read = LibC.recv(connectedFd, buffer, DISCARDED_AT_ONCE, MSG_DONTWAIT);
        }
    }

    /** Whether the peer has closed its end (POLLHUP in poll(2)), not only for sending. */
    public static boolean isHungUp(int connectedFd) {
        NativeMemory pollfd = NativeMemory.allocate(8);
        pollfd.putInt(0, connectedFd);
        pollfd.putShort(4, POLLOUT); // with any event, POLLHUP is reported too
        return LibC.poll(pollfd, 1, 0) > 0 && (pollfd.getShort(6) & POLLHUP) != 0;
    }

    /**
     * Whether the peer has read so much that less than a quarter of what the connection can hold is
     * left (POLLOUT; unix_writable in Linux's net/unix/af_unix.c).
     */
    public static boolean hasRoom(int connectedFd) {
        NativeMemory pollfd = NativeMemory.allocate(8);
        pollfd.putInt(0, connectedFd);
        pollfd.putShort(4, POLLOUT);
        return LibC.poll(pollfd, 1, 0) > 0 && (pollfd.getShort(6) & POLLOUT) != 0;
    }

    /** Whether the socket holds data that its peer has not read yet. Always false on macOS. */
    public static boolean hasUnread(int connectedFd) {
        return unread(connectedFd) > 0;
    }

    /**
     * The memory of the data that the socket's peer has not read yet, in bytes (SIOCOUTQ in
     * unix(7)). Always 0 on macOS.
     */
    public static int unread(int connectedFd) {
        NativeMemory queued = NativeMemory.allocate(8);
        return Os.LINUX && LibC.ioctl(connectedFd, SIOCOUTQ, queued) == 0 ? queued.getInt(0) : 0;
    }

    /**
     * Writes as much data as fits into the socket's buffer. Never blocks, raises no SIGPIPE.
     *
     * @return the number of bytes written; 0 if the peer is gone or the buffer is full
     */
    public static int sendWithoutWaiting(int fd, byte[] data) {
        return (int)
                Math.max(
                        0,
                        LibC.send(
                                fd,
                                NativeMemory.of(data),
                                data.length,
                                MSG_DONTWAIT | MSG_NOSIGNAL));
    }

    /**
     * Takes a connection from the queue, close-on-exec (accept4(2)).
     *
     * @return the descriptor, which the caller owns; -1 if no connection is queued
     * @throws PosixException such as EMFILE, which leaves the queue unchanged
     */
    public static int accept(int listeningFd) throws PosixException {
        int fd =
                Os.LINUX
                        ? LibC.accept4(listeningFd, null, null, SOCK_CLOEXEC)
                        : LibC.accept(listeningFd, null, null);
        if (fd >= 0) {
            if (!Os.LINUX) {
                Descriptors.setCloseOnExec(fd);
            }
            return fd;
        }
        if (PosixException.lastWas(Errno.EAGAIN)
                || PosixException.lastWas(Errno.EINTR)
                || PosixException.lastWas(Errno.ECONNABORTED)) {
            return -1;
        }
        throw PosixException.last("accept on fd " + listeningFd);
    }

    /** An option's value; null where the option is not available. */
    static NativeMemory option(int fd, int level, int option, int size) {
        NativeMemory value = NativeMemory.allocate(size);
        NativeMemory length = NativeMemory.allocate(4);
        length.putInt(0, size);
        return LibC.getsockopt(fd, level, option, value, length) == 0 ? value : null;
    }
}
