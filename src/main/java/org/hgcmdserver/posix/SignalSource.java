package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Delivers SIGHUP, SIGINT and SIGTERM to the loop's thread, instead of their default action. */
public final class SignalSource {

    private static final Signal[] SIGNALS = {Signal.SIGHUP, Signal.SIGINT, Signal.SIGTERM};
    private static final int SIGNALFD_SIGINFO_SIZE = 128; // signalfd(2)
    private static final int SFD_NONBLOCK_CLOEXEC = 0x80800;
    private static final int SIGSET_SIZE = 128;
    private static final int STRUCT_SIGACTION_SIZE = 256; // more than any platform's
    private static final long SIG_DFL = 0; // signal.h, the same on all platforms
    private static final long SIG_IGN = 1; // likewise

    private static final int SIG_BLOCK = Os.LINUX ? 0 : 1; // signal.h
    private static final int SIG_UNBLOCK = Os.LINUX ? 1 : 2;

    private static final Duration POLL = Duration.ofMinutes(1);
    private static final Duration LONGEST_HANDLER = Duration.ofSeconds(10);

    private static volatile boolean readBySignalFd;

    private SignalSource() {}

    /**
     * Has the loop's thread call {@code handler} for each of the signals from now on.
     *
     * <p>If the launcher has blocked the signals (on Linux with GNU env), so that every thread of
     * the JVM has them blocked, the loop reads them by signalfd(2): no signal is lost or fatal at
     * any moment. Otherwise the JVM's own handlers receive them.
     */
    public static void deliver(EventLoop loop, Consumer<Signal> handler) throws IOException {
        if (Os.LINUX && areBlocked(mask(SIGNALS))) {
            deliverFromSignalFd(loop, handler, SIGNALS);
        } else {
            handleInJvm(signal -> loop.post(() -> handler.accept(signal)));
        }
    }

    /**
     * For a program without a loop: a separate thread calls {@code handler} for each of the
     * signals, and for SIGQUIT if the launcher has blocked that too, until the result is closed.
     * Otherwise SIGQUIT ends the process, as with any other program, where the JVM would print its
     * threads. A signal that was ignored when the process started stays ignored.
     *
     * @return to be closed before the end of the program: the JVM waits 300 ms at its exit for a
     *     thread that is in native code
     */
    public static Closeable deliver(Consumer<Signal> handler) throws IOException {
        Signal[] all = {Signal.SIGHUP, Signal.SIGINT, Signal.SIGTERM, Signal.SIGQUIT};
        if (!Os.LINUX || !areBlocked(mask(all))) {
            LibC.signal(Signal.SIGQUIT.number(), SIG_DFL);
            handleInJvm(handler);
            return () -> {};
        }
        // the kernel keeps a blocked signal even if it is ignored, as by nohup(1)
        Signal[] heeded =
                Arrays.stream(all).filter(signal -> !isIgnored(signal)).toArray(Signal[]::new);
        EventLoop loop = new EventLoop(Ticker.SYSTEM);
        deliverFromSignalFd(loop, handler, heeded);
        AtomicBoolean closed = new AtomicBoolean();
        Thread reader = new Thread(() -> run(loop, closed), "signals");
        reader.setDaemon(true);
        reader.start();
        return () -> end(reader, loop, closed);
    }

    private static void run(EventLoop loop, AtomicBoolean closed) {
        try {
            while (!closed.get()) {
                loop.runOnce(POLL);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void end(Thread reader, EventLoop loop, AtomicBoolean closed) {
        closed.set(true);
        loop.post(() -> {}); // wakes the thread
        try {
            reader.join(LONGEST_HANDLER.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends this process by a signal, as its default action does. */
    public static void dieBy(Signal signal) {
        LibC.signal(signal.number(), SIG_DFL);
        setMask(SIG_UNBLOCK, signalSet(mask(signal)), null);
        LibC.kill((int) ProcessHandle.current().pid(), signal.number());
        java.lang.Runtime.getRuntime().halt(128 + signal.number()); // as a shell reports it
    }

    /** Blocks the signals in the calling thread, so that they stay pending. */
    static void block() {
        setMask(SIG_BLOCK, signalSet(mask(SIGNALS)), null);
    }

    /** Undoes {@link #block}, unless the loop reads the signals by signalfd. */
    static void unblockForJvm() {
        if (!readBySignalFd) {
            setMask(SIG_UNBLOCK, signalSet(mask(SIGNALS)), null);
        }
    }

    /**
     * Sets the calling thread's mask: on Linux both are the same call, and before glibc 2.32
     * pthread_sigmask(3) is not in the C library; elsewhere sigprocmask(2) may not apply to the
     * thread.
     */
    private static void setMask(int how, NativeMemory set, NativeMemory before) {
        if (Os.LINUX) {
            LibC.sigprocmask(how, set, before);
        } else {
            LibC.pthread_sigmask(how, set, before);
        }
    }

    private static NativeMemory signalSet(long mask) {
        NativeMemory set = NativeMemory.allocate(SIGSET_SIZE);
        set.putLong(0, mask);
        return set;
    }

    /**
     * Has the JVM call {@code handler} for each of the signals, in a separate thread. An earlier
     * image of this process may have blocked the signals: then the calling thread receives them.
     */
    public static void handleInJvm(Consumer<Signal> handler) {
        for (Signal signal : SIGNALS) {
            String name = signal.name().substring("SIG".length());
            sun.misc.Signal.handle(new sun.misc.Signal(name), received -> handler.accept(signal));
        }
        unblockForJvm();
    }

    private static void deliverFromSignalFd(
            EventLoop loop, Consumer<Signal> handler, Signal... signals) throws IOException {
        readBySignalFd = true;
        int fd =
                PosixException.check(
                        LibC.signalfd(-1, signalSet(mask(signals)), SFD_NONBLOCK_CLOEXEC),
                        "signalfd",
                        "-1");
        NativeMemory info = NativeMemory.allocate(SIGNALFD_SIGINFO_SIZE);
        loop.register(
                fd,
                () -> {
                    while (LibC.read(fd, info, SIGNALFD_SIGINFO_SIZE) > 0) {
                        handler.accept(Signal.of(info.getInt(0)));
                    }
                    if (!PosixException.lastWas(Errno.EAGAIN)
                            && !PosixException.lastWas(Errno.EINTR)) {
                        throw PosixException.last("read signalfd " + fd);
                    }
                });
    }

    /** SIGn is bit n-1 of a sigset_t's first word. */
    private static long mask(Signal... signals) {
        long mask = 0;
        for (Signal signal : signals) {
            mask |= 1L << (signal.number() - 1);
        }
        return mask;
    }

    /** Whether this thread has all signals of the mask blocked. */
    private static boolean areBlocked(long mask) {
        NativeMemory blocked = NativeMemory.allocate(SIGSET_SIZE);
        setMask(SIG_BLOCK, null, blocked);
        return (blocked.getLong(0) & mask) == mask;
    }

    private static boolean isIgnored(Signal signal) {
        NativeMemory action = NativeMemory.allocate(STRUCT_SIGACTION_SIZE);
        LibC.sigaction(signal.number(), null, action);
        return action.getWord(0) == SIG_IGN; // sa_handler is the first member
    }
}
