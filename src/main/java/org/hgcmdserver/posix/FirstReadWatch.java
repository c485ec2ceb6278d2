package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jnr.ffi.Pointer;

/**
 * Notices when the peer of a stream socket has read something that was written to it, though
 * another process did the writing: so the daemon learns that a worker has said hello without being
 * between the worker and its client.
 *
 * <p>The socket's send buffer is shared by all who hold it. When the peer takes data out of it, the
 * kernel reports the socket as writable again, and epoll(7) hands that on as an edge; what is
 * written and not yet read is counted by SIOCOUTQ (unix(7)). A peer that shuts down its own sending
 * side causes such an edge too; that one is not counted. Linux only. The descriptors stay the
 * caller's. Used in the event loop's thread only.
 */
public final class FirstReadWatch implements Closeable {

    private static final int EPOLLOUT = 0x4;
    private static final int EPOLLHUP = 0x10;
    private static final int EPOLLRDHUP = 0x2000;
    private static final int EPOLLET = 1 << 31;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final long SIOCOUTQ = 0x5411;

    /** struct epoll_event is packed on x86-64 alone. */
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");

    private static final int EVENT_SIZE = PACKED ? 12 : 16;
    private static final int EVENT_DATA = PACKED ? 4 : 8;
    private static final int MAX_EVENTS = 64;

    private final EventLoop loop;
    private final int epoll;
    private final Pointer events = NativeMemory.allocate(EVENT_SIZE * MAX_EVENTS);
    private final Pointer event = NativeMemory.allocate(EVENT_SIZE);
    private final Pointer queued = NativeMemory.allocate(8);
    private final Map<Integer, Runnable> watched = new HashMap<>();

    /**
     * Those whose peer has shut down its sending side: of these edges the first means just that.
     */
    private final Set<Integer> halfClosed = new HashSet<>();

    private FirstReadWatch(EventLoop loop, int epoll) {
        this.loop = loop;
        this.epoll = epoll;
    }

    public static boolean isSupported() {
        return Os.LINUX;
    }

    /** Opens a watch, for the thread of {@code loop}. */
    public static FirstReadWatch open(EventLoop loop) throws PosixException {
        int epoll = LibC.Linux.C.epoll_create1(EPOLL_CLOEXEC);
        PosixException.check(epoll, "epoll_create1", "");
        return new FirstReadWatch(loop, epoll);
    }

    /**
     * Runs what is due as soon as it is, as a part of the loop (epoll(7): such a descriptor polls).
     */
    public void attach() {
        loop.register(epoll, this::runPending);
    }

    /** Runs what is due only when {@link #runPending} is called. */
    public void detach() {
        loop.unregister(epoll);
    }

    /**
     * Watches a socket into which nothing has been written yet, until {@code onFirstRead} has been
     * run once, because the peer has read or hung up, or until {@link #remove}.
     */
    public void add(int fd, Runnable onFirstRead) throws IOException {
        event.putInt(0, EPOLLOUT | EPOLLRDHUP | EPOLLET);
        event.putInt(EVENT_DATA, fd);
        int result = LibC.Linux.C.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, event);
        PosixException.check(result, "epoll_ctl add", "fd " + fd);
        // a socket that is writable from the start counts as an edge; it is not the one awaited
        collect(fd);
        watched.put(fd, onFirstRead);
    }

    /** Whether the peer was seen to shut down its sending side, and nothing since. */
    public boolean isHalfClosed(int fd) {
        return halfClosed.contains(fd);
    }

    /** Ends the watch, before the caller closes {@code fd}. Does nothing if it is not watched. */
    public void remove(int fd) {
        halfClosed.remove(fd);
        if (watched.remove(fd) != null) {
            LibC.Linux.C.epoll_ctl(epoll, EPOLL_CTL_DEL, fd, events);
        }
    }

    /** Whether something has been written into the socket that its peer has not read yet. */
    public boolean hasUnread(int fd) {
        return LibC.C.ioctl(fd, SIOCOUTQ, queued) == 0 && queued.getInt(0) > 0;
    }

    /** Runs what is due now. */
    public void runPending() throws IOException {
        collect(-1);
    }

    private void collect(int except) throws IOException {
        int count;
        do {
            count = LibC.Linux.C.epoll_wait(epoll, events, MAX_EVENTS, 0);
            if (count < 0 && !PosixException.lastWas(Errno.EINTR)) {
                throw PosixException.last("epoll_wait fd " + epoll);
            }
            List<Integer> read = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int fd = events.getInt((long) i * EVENT_SIZE + EVENT_DATA);
                if (isFirstRead(fd, events.getInt((long) i * EVENT_SIZE)) && fd != except) {
                    read.add(fd);
                }
            }
            for (int fd : read) {
                Runnable action = watched.get(fd);
                if (action != null) {
                    remove(fd);
                    action.run();
                }
            }
        } while (count == MAX_EVENTS);
    }

    private boolean isFirstRead(int fd, int event) {
        boolean onlyHalfClosed =
                (event & EPOLLRDHUP) != 0 && (event & EPOLLHUP) == 0 && !hasUnread(fd);
        return !(onlyHalfClosed && halfClosed.add(fd));
    }

    @Override
    public void close() {
        Descriptors.close(epoll);
    }
}
