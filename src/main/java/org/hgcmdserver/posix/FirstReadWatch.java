package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Notices when the peer of a stream socket has read data from it, even though another process wrote
 * the data: thus the daemon learns that a worker has said hello without relaying data between the
 * worker and its client.
 *
 * <p>All holders of the socket share its send buffer. When the peer takes data out of the buffer,
 * the kernel reports the socket as writable again, and epoll(7) delivers this as an edge; SIOCOUTQ
 * (unix(7)) counts the bytes that are written and not yet read. A peer that shuts down its own
 * sending side causes such an edge too; the watch ignores that edge. Linux only. The caller keeps
 * the descriptors. Used in the event loop's thread only.
 */
public final class FirstReadWatch implements Closeable {

    private static final int EPOLLOUT = 0x4;
    private static final int EPOLLHUP = 0x10;
    private static final int EPOLLRDHUP = 0x2000;
    private static final int EPOLLET = 1 << 31;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLL_CLOEXEC = 0x80000;

    /** struct epoll_event is packed on x86-64 only. */
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");

    private static final int EVENT_SIZE = PACKED ? 12 : 16;
    private static final int EVENT_DATA = PACKED ? 4 : 8;
    private static final int MAX_EVENTS = 64;

    private final EventLoop loop;
    private final int epoll;
    private final NativeMemory events = NativeMemory.allocate(EVENT_SIZE * MAX_EVENTS);
    private final NativeMemory event = NativeMemory.allocate(EVENT_SIZE);
    private final Map<Integer, Runnable> watched = new HashMap<>();

    /**
     * The sockets whose peer has shut down its sending side: their first such edge means only that.
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
        int epoll = LibC.epoll_create1(EPOLL_CLOEXEC);
        PosixException.check(epoll, "epoll_create1", "");
        return new FirstReadWatch(loop, epoll);
    }

    /**
     * Makes the loop run due actions at once (epoll(7): an epoll descriptor can itself be polled).
     */
    public void attach() {
        loop.register(epoll, this::runPending);
    }

    /** Leaves due actions to calls of {@link #runPending}. */
    public void detach() {
        loop.unregister(epoll);
    }

    /**
     * Watches a socket into which nothing has been written yet, until {@code onFirstRead} has run
     * once, because the peer has read or hung up, or until {@link #remove}.
     */
    public void add(int fd, Runnable onFirstRead) throws IOException {
        event.putInt(0, EPOLLOUT | EPOLLRDHUP | EPOLLET);
        event.putInt(EVENT_DATA, fd);
        int result = LibC.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, event);
        PosixException.check(result, "epoll_ctl add", "fd " + fd);
        // a socket that is writable from the start causes an edge, which is not a read
        collect(fd);
        watched.put(fd, onFirstRead);
    }

    /** Whether the watch has seen the peer shut down its sending side, and no edge since. */
    public boolean isHalfClosed(int fd) {
        return halfClosed.contains(fd);
    }

    /** Ends the watch, before the caller closes {@code fd}. No effect on an unwatched fd. */
    public void remove(int fd) {
        halfClosed.remove(fd);
        if (watched.remove(fd) != null) {
            LibC.epoll_ctl(epoll, EPOLL_CTL_DEL, fd, events);
        }
    }

    /** Whether the socket holds data that its peer has not read yet. */
    public boolean hasUnread(int fd) {
        return UnixSocket.hasUnread(fd);
    }

    /** Runs the actions that are due now. */
    public void runPending() throws IOException {
        collect(-1);
    }

    private void collect(int except) throws IOException {
        int count;
        do {
            count = LibC.epoll_wait(epoll, events, MAX_EVENTS, 0);
            if (count < 0 && !PosixException.lastWas(Errno.EINTR)) {
                throw PosixException.last("epoll_wait fd " + epoll);
            }
            List<Integer> read = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int fd = events.getInt(i * EVENT_SIZE + EVENT_DATA);
                if (isFirstRead(fd, events.getInt(i * EVENT_SIZE)) && fd != except) {
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
