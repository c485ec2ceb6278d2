package org.hgcmdserver.worker.prefork;

import java.time.Duration;
import org.hgcmdserver.posix.EventLoop;

/**
 * The limits for the workers of a pool.
 *
 * @param fork from the request to the worker's announcement
 * @param taking from the sending of a connection to a look whether the worker has received it
 * @param death from the kill of a stuck worker to the moment at which it runs no more for sure
 * @param end from the end of a worker's line to its exit
 */
record WorkerLimits(StepLimit fork, StepLimit taking, StepLimit death, StepLimit end) {

    /** A fork takes a millisecond; a loaded machine may take a thousand times as long. */
    static final Duration FORK = Duration.ofSeconds(10);

    /**
     * Longer than a rehearsal, and short enough for a person who waits. A worker that only waits
     * for a processor gets more time.
     */
    static final Duration TAKING = Duration.ofMillis(1500);

    /** Its exit, which comes first if the kernel can end it, makes this superfluous. */
    static final Duration DEATH = Duration.ofMillis(100);

    /** As long as a template has. */
    static final Duration END = Duration.ofSeconds(10);

    static WorkerLimits of(EventLoop loop) {
        return new WorkerLimits(
                new StepLimit(loop, FORK, worker -> worker.giveUp(FORK)),
                new StepLimit(loop, TAKING, ForkedWorker::takeBack),
                new StepLimit(loop, DEATH, ForkedWorker::giveBack),
                new StepLimit(loop, END, ForkedWorker::killIfStillThere));
    }
}
