package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.posix.EventLoop;

/**
 * Limits the time from a fork until the worker announces itself, so that neither the pool nor a
 * drain waits for a process that hangs. Used in the loop's thread only.
 */
final class ForkLimit {

    /** A fork takes a millisecond; a loaded machine may take a thousand times as long. */
    static final Duration LIMIT = Duration.ofSeconds(10);

    private final EventLoop loop;

    /** The forks whose worker has not announced itself and when they began, the oldest first. */
    private final Map<ForkedWorker, Long> unannounced = new LinkedHashMap<>();

    /** One timer for all forks: a timer for each would keep each worker in memory. */
    private final EventLoop.Timer look;

    ForkLimit(EventLoop loop) {
        this.loop = loop;
        look = loop.timer(this::look);
    }

    void begin(ForkedWorker fork) {
        unannounced.put(fork, loop.nanoTime());
        lookInTime();
    }

    /** The worker has announced itself, or the template has not forked it. */
    void end(ForkedWorker fork) {
        unannounced.remove(fork);
    }

    private void lookInTime() {
        if (!unannounced.isEmpty()) {
            look.startIfStopped(LIMIT.minus(age(unannounced.keySet().iterator().next())));
        }
    }

    private Duration age(ForkedWorker fork) {
        return loop.since(unannounced.get(fork));
    }

    private void look() throws IOException {
        for (ForkedWorker fork : List.copyOf(unannounced.keySet())) {
            if (age(fork).compareTo(LIMIT) >= 0) {
                unannounced.remove(fork);
                fork.giveUp(LIMIT);
            }
        }
        lookInTime();
    }
}
