package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives up on workers that have not said hello within a time limit: such a worker serves no client,
 * and takes the place of a worker that might. Used in the loop's thread only.
 */
public final class StartTimeout {

    private static final Logger log = LoggerFactory.getLogger(StartTimeout.class);

    private final EventLoop loop;
    private final HelloWatch hello;
    private final Optional<Duration> limit;

    /** One timer for all workers: a timer for each would keep each worker in memory that long. */
    private final EventLoop.Timer timer;

    /**
     * @param limit how long a worker may take; no limit if empty
     */
    public StartTimeout(EventLoop loop, HelloWatch hello, Optional<Duration> limit) {
        this.loop = loop;
        this.hello = hello;
        this.limit = limit;
        timer = loop.timer(this::expired);
    }

    /** A worker has got its connection. */
    public void workerAssigned() {
        restart();
    }

    private void restart() {
        if (limit.isPresent()) {
            hello.silentWorkers().stream()
                    .findFirst() // the oldest
                    .ifPresent(worker -> timer.startIfStopped(limit.get().minus(age(worker))));
        }
    }

    private void expired() throws IOException {
        hello.noticeAll();
        for (Worker worker : hello.silentWorkers()) {
            if (age(worker).compareTo(limit.get()) >= 0) {
                giveUp(worker);
            }
        }
        restart();
    }

    private void giveUp(Worker worker) {
        hello.forget(worker.connection());
        String reason =
                "worker process (pid=%d) has not said hello for %d s"
                        .formatted(worker.pid(), limit.get().toSeconds());
        log.warn("{}; killing it", reason);
        Refusal.tell(worker.connection(), reason);
        Child.killGroup(worker.pid()); // the worker's children hold the connection too
    }

    private Duration age(Worker worker) {
        return loop.since(worker.since());
    }
}
