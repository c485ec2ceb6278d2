package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/** An event loop whose time moves only when a test advances it. */
public final class ManualLoop implements Closeable {

    private long now = 1_000_000_000_000L;
    private final EventLoop loop;

    public ManualLoop() throws PosixException {
        loop = new EventLoop(() -> now);
    }

    public EventLoop loop() {
        return loop;
    }

    /** Runs ready actions until none is left. */
    public void run() throws IOException {
        while (loop.runOnce(Duration.ZERO)) {
            // run again: an action may have posted a task or started a timer
        }
    }

    /**
     * Lets {@code time} pass in a thousand steps, none shorter than a millisecond, and runs each
     * timer that becomes due.
     */
    public void advance(Duration time) throws IOException {
        long step = Math.max(1, time.toMillis() / 1000);
        for (long left = time.toMillis(); left > 0; left -= step) {
            now += Math.min(step, left) * 1_000_000;
            run();
        }
    }

    @Override
    public void close() {
        loop.close();
    }
}
