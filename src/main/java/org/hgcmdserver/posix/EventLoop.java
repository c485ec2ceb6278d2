package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Waits for descriptors to become readable (poll(2)), for timers and for tasks from other threads,
 * and runs their actions in the one thread that calls {@link #runOnce}. Other threads may call only
 * {@link #post}.
 */
public final class EventLoop implements Closeable {

    /** An action of a readable or hung-up descriptor, a due timer or a posted task. */
    public interface Action {
        void run() throws IOException;
    }

    /** A timer of this loop, initially stopped. Used in the loop's thread only. */
    public final class Timer {

        private final Action action;
        private boolean running;
        private long due;

        private Timer(Action action) {
            this.action = action;
        }

        /** Runs the action once, after {@code delay}; replaces an earlier start. */
        public void start(Duration delay) {
            cancel();
            due = nanoTime() + delay.toNanos();
            running = true;
            timers.add(this);
        }

        /** As {@link #start}, but a running timer keeps its time. */
        public void startIfStopped(Duration delay) {
            if (!running) {
                start(delay);
            }
        }

        /** Stops the timer, so that the action does not run. Has no effect on a stopped timer. */
        public void cancel() {
            if (running) {
                running = false;
                timers.remove(this);
            }
        }

        /** Whether the action will still run. */
        public boolean isRunning() {
            return running;
        }

        private void expire() throws IOException {
            running = false;
            action.run();
        }
    }

    private static final int POLLIN = 1; // poll.h, the same on Linux and the BSDs
    private static final int POLLFD_SIZE = 8; // int fd; short events, revents

    /** Milliseconds to wait while one poll cannot wait for all descriptors. */
    private static final int POLL_PAUSE = 50;

    private final Ticker ticker;
    private final Map<Integer, Action> actions = new LinkedHashMap<>();
    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>((a, b) -> Long.signum(a.due - b.due));
    private final Queue<Action> posted = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final Object closing = new Object();
    private boolean closed;
    private final int wakeupRead;
    private final int wakeupWrite;
    private final NativeMemory drained = NativeMemory.allocate(64);

    private final MessageBuffers buffers = new MessageBuffers();

    /** The argument of poll(2), rebuilt when a registration changes; it may have room for more. */
    private NativeMemory pollFds = NativeMemory.allocate(16 * POLLFD_SIZE);

    /** The descriptors in {@link #pollFds}; null if a registration has changed. */
    private int[] polled;

    /** Opens a loop that takes its time from {@code ticker}. */
    public EventLoop(Ticker ticker) throws PosixException {
        this.ticker = ticker;
        NativeMemory ends = NativeMemory.allocate(2 * 4);
        PosixException.check(LibC.pipe(ends), "pipe", "for wake-ups");
        wakeupRead = ends.getInt(0);
        wakeupWrite = ends.getInt(4);
        for (int end : new int[] {wakeupRead, wakeupWrite}) {
            Descriptors.setCloseOnExec(end);
            Descriptors.setNonBlocking(end, true);
        }
        register(wakeupRead, this::drainWakeups);
    }

    /** Runs {@code action} whenever {@code fd} is readable. The caller keeps the descriptor. */
    public void register(int fd, Action action) {
        actions.put(fd, action);
        polled = null;
    }

    /** Removes {@code fd} and its action. Must be called before the descriptor is closed. */
    public void unregister(int fd) {
        actions.remove(fd);
        polled = null;
    }

    /**
     * Has the loop's thread run {@code task}; may be called from any thread. A task posted after
     * {@link #close} never runs.
     */
    public void post(Action task) {
        posted.add(task);
        if (woken.compareAndSet(false, true)) {
            synchronized (closing) { // after close the number may belong to another file
                if (!closed) {
                    LibC.write(wakeupWrite, drained, 1); // a full pipe has woken it
                }
            }
        }
    }

    /** For the loop's thread. */
    MessageBuffers buffers() {
        return buffers;
    }

    /** Makes a stopped timer that runs {@code action}. */
    public Timer timer(Action action) {
        return new Timer(action);
    }

    /** Makes a timer and starts it: {@code action} runs once, after {@code delay}. */
    public Timer after(Duration delay, Action action) {
        Timer timer = timer(action);
        timer.start(delay);
        return timer;
    }

    /** The loop's time, of {@link Ticker#nanoTime}. */
    public long nanoTime() {
        return ticker.nanoTime();
    }

    /** The time that has passed since {@code nanoTime}. */
    public Duration since(long nanoTime) {
        return Duration.ofNanos(nanoTime() - nanoTime);
    }

    /**
     * Waits at most {@code timeout} (not at all for zero or less), runs the actions of all readable
     * descriptors, then of the due timers, then the posted tasks.
     *
     * @return whether any action ran
     * @throws IOException from an action, or poll's error; an interrupted poll is not an error
     */
    public boolean runOnce(Duration timeout) throws IOException {
        if (polled == null) {
            buildPollFds();
        }
        int count = LibC.poll(pollFds, polled.length, millis(untilTimer(timeout)));
        if (count < 0 && !PosixException.lastWas(Errno.EINTR)) {
            count = pollOneByOne(timeout);
        }
        boolean ran = count > 0 && runReadable();
        while (!timers.isEmpty() && timers.peek().due - nanoTime() <= 0) {
            timers.poll().expire();
            ran = true;
        }
        for (Action task = posted.poll(); task != null; task = posted.poll()) {
            task.run();
            ran = true;
        }
        return ran;
    }

    /**
     * Polls the descriptors separately after poll has failed because of their number: EINVAL, since
     * the limit RLIMIT_NOFILE was lowered below it, or ENOMEM. This is slower, but still checks
     * every descriptor.
     */
    private int pollOneByOne(Duration timeout) throws IOException {
        LibC.poll(null, 0, Math.min(POLL_PAUSE, millis(untilTimer(timeout))));
        int count = 0;
        for (int i = 0; i < polled.length; i++) {
            // with a limit of 0 even one descriptor is too many: then none is ready for now
            count += Math.max(0, LibC.poll(pollFds.slice(i * POLLFD_SIZE), 1, 0));
        }
        return count;
    }

    private boolean runReadable() throws IOException {
        List<Integer> ready = new ArrayList<>();
        for (int i = 0; i < polled.length; i++) {
            if (pollFds.getShort(i * POLLFD_SIZE + 6) != 0) {
                ready.add(polled[i]);
            }
        }
        boolean ran = false;
        for (int fd : ready) {
            Action action = actions.get(fd); // an earlier action may have unregistered fd
            if (action != null) {
                action.run();
                ran |= fd != wakeupRead;
            }
        }
        return ran;
    }

    private void buildPollFds() {
        polled = new int[actions.size()];
        int next = 0;
        for (int fd : actions.keySet()) {
            polled[next++] = fd;
        }
        if (pollFds.size() < polled.length * POLLFD_SIZE) {
            pollFds = NativeMemory.allocate(2 * polled.length * POLLFD_SIZE);
        }
        for (int i = 0; i < polled.length; i++) {
            pollFds.putInt(i * POLLFD_SIZE, polled[i]);
            pollFds.putShort(i * POLLFD_SIZE + 4, POLLIN);
            pollFds.putShort(i * POLLFD_SIZE + 6, 0);
        }
    }

    private void drainWakeups() {
        // in this order: a task posted after the flag is cleared wakes the loop again
        LibC.read(wakeupRead, drained, 64);
        woken.set(false);
    }

    private Duration untilTimer(Duration timeout) {
        if (timers.isEmpty()) {
            return timeout;
        }
        Duration timer = Duration.ofNanos(timers.peek().due - nanoTime());
        return timer.compareTo(timeout) < 0 ? timer : timeout;
    }

    /** Rounds up: a wait that ends early would spin until the time is reached. */
    private static int millis(Duration timeout) {
        long nanos = Math.max(0, timeout.toNanos());
        return (int) Math.min(Integer.MAX_VALUE, (nanos + 999_999) / 1_000_000);
    }

    @Override
    public void close() {
        synchronized (closing) {
            closed = true;
            Descriptors.close(wakeupRead);
            Descriptors.close(wakeupWrite);
        }
    }
}
