package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.hgcmdserver.posix.EventLoop;

/**
 * Bounds the time that a fork may take until its worker has announced itself, so that neither the
 * pool nor a drain waits for a process that hangs. Used in the loop's thread only.
 */
final class ForkLimit {

    /** A fork takes a millisecond; a loaded machine may take a thousand times as long. */
    static final Duration LIMIT = Duration.ofSeconds(10);

    private final EventLoop loop;

    /** The forks whose worker has not announced itself, the oldest first. */
    private final Set<ForkedWorker> unannounced = new LinkedHashSet<>();

    private boolean lookScheduled;

    ForkLimit(EventLoop loop) {
        this.loop = loop;
    }

    void begin(ForkedWorker fork) {
        unannounced.add(fork);
        lookInTime();
    }

    /** The worker has announced itself, or will not come. */
    void end(ForkedWorker fork) {
        unannounced.remove(fork);
    }

    /** Schedules one timer for all: a timer for each would keep each worker in memory. */
    private void lookInTime() {
        if (lookScheduled || unannounced.isEmpty()) {
            return;
        }
        lookScheduled = true;
        loop.after(LIMIT.minus(unannounced.iterator().next().age()), this::look);
    }

    private void look() throws IOException {
        lookScheduled = false;
        for (ForkedWorker fork : List.copyOf(unannounced)) {
            if (fork.age().compareTo(LIMIT) >= 0) {
                unannounced.remove(fork);
                fork.giveUp(LIMIT);
            }
        }
        lookInTime();
    }
}
