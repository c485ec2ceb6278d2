package org.hgcmdserver.service;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a service: serves the queue, ends connections as {@link Drain} says, and waits for all
 * workers. Kills no worker; the start timeout still ends a worker that never says hello. Used in
 * the loop's thread only.
 */
final class Draining {

    /** A step of the drain. */
    interface Step {
        void run() throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(Draining.class);

    private final EventLoop loop;
    private final Children children;
    private final WorkerTable table;
    private final ServiceConfig.Ending ending;
    private final Duration pollInterval;
    private boolean finishing;
    private boolean abandoned;
    private Outcome outcome;

    Draining(EventLoop loop, Children children, WorkerTable table, ServiceConfig config) {
        this.loop = loop;
        this.children = children;
        this.table = table;
        ending = config.ending();
        pollInterval = config.pollInterval();
    }

    /**
     * Runs the loop until all workers have exited, or the drain is abandoned.
     *
     * @param closeListener serves the listener's queue, and closes the listener
     * @param source drains, since no more connections will come
     * @param onProgress is called after the first steps, and then once per poll interval
     */
    void run(Step closeListener, WorkerSource source, Step onProgress) throws IOException {
        log.info("stopping; waiting for {} workers", table.busy());
        outcome = Outcome.ABANDONED; // unless all workers exit
        try {
            if (ending.drain() == Drain.FINISH) {
                finish();
            } else {
                ending.drainTimeout().ifPresent(timeout -> loop.after(timeout, this::timeOut));
            }
            ending.stopTimeout().ifPresent(timeout -> loop.after(timeout, this::giveUp));
            closeListener.run();
            source.drain();
            onProgress.run();
            while (isAnyLeft(source) && !abandoned) {
                loop.runOnce(pollInterval);
                if (finishing) {
                    finish(); // a command server of chg's may have started since
                }
                onProgress.run();
            }
        } finally {
            if (isAnyLeft(source)) {
                log.warn("no longer waiting; {} workers continue on their own", table.size());
            } else {
                outcome = Outcome.DRAINED;
            }
        }
    }

    private boolean isAnyLeft(WorkerSource source) {
        return children.isAnyAwaited() || source.waiting() > 0;
    }

    private void timeOut() {
        log.info("{} connections are left: ending them after their commands", table.busy());
        finish();
    }

    private void giveUp() {
        if (abandoned) {
            return;
        }
        log.warn("stop-timeout has passed; {} workers continue on their own", table.busy());
        for (Worker worker : table.busyWorkers()) {
            log.warn("{}", RemainingWorker.describe(worker, loop.since(worker.since())));
        }
        abandoned = true;
        outcome = Outcome.TIMED_OUT;
    }

    private void finish() {
        finishing = true;
        table.finish();
    }

    /** Ends the wait; the workers go on without a parent. */
    void abandon() {
        abandoned = true;
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** How the drain has ended. */
    Outcome outcome() {
        return outcome;
    }
}
