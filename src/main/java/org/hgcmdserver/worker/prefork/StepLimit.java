package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.hgcmdserver.posix.EventLoop;

/**
 * Limits the time that a step in the life of a worker takes, so that neither a client nor a drain
 * waits for a process that hangs. Used in the loop's thread only.
 */
final class StepLimit {

    /** What happens to a worker that has not taken the step in time. */
    interface Expiry {
        void expired(ForkedWorker worker) throws IOException;
    }

    private final EventLoop loop;
    private final Duration limit;
    private final Expiry expiry;

    /** The workers that have not taken the step, and when they began, the oldest first. */
    private final Map<ForkedWorker, Long> begun = new LinkedHashMap<>();

    /** One timer for all workers: a timer for each would keep each worker in memory. */
    private final EventLoop.Timer look;

    StepLimit(EventLoop loop, Duration limit, Expiry expiry) {
        this.loop = loop;
        this.limit = limit;
        this.expiry = expiry;
        look = loop.timer(this::look);
    }

    void begin(ForkedWorker worker) {
        begun.put(worker, loop.nanoTime());
        lookInTime();
    }

    /** The worker has taken the step, or will never take it. */
    void end(ForkedWorker worker) {
        begun.remove(worker);
    }

    /** How many of the workers that have begun the step are like this. */
    int count(Predicate<ForkedWorker> property) {
        return (int) begun.keySet().stream().filter(property).count();
    }

    private void lookInTime() {
        if (!begun.isEmpty()) {
            look.startIfStopped(limit.minus(age(begun.keySet().iterator().next())));
        }
    }

    private Duration age(ForkedWorker worker) {
        return loop.since(begun.get(worker));
    }

    private void look() throws IOException {
        for (ForkedWorker worker : List.copyOf(begun.keySet())) {
            if (age(worker).compareTo(limit) >= 0) {
                begun.remove(worker);
                expiry.expired(worker);
            }
        }
        lookInTime();
    }
}
