package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.worker.Shortage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers without a connection, in the order in which they were asked for: some are idle, some
 * are still being forked. Used in the event loop's thread only.
 */
final class UnassignedWorkers {

    private static final Logger log = LoggerFactory.getLogger(UnassignedWorkers.class);

    private final List<ForkedWorker> workers = new ArrayList<>();

    void add(ForkedWorker worker) {
        workers.add(worker);
    }

    /** Returns whether it was among them. */
    boolean remove(ForkedWorker worker) {
        return workers.remove(worker);
    }

    int size() {
        return workers.size();
    }

    boolean isAnyIdle() {
        return first(ForkedWorker::isIdle) != null;
    }

    int idle() {
        return (int) workers.stream().filter(ForkedWorker::isIdle).count();
    }

    /**
     * Gives the connection to an idle worker. A worker that turns out to be gone is retired, and
     * the next one is tried.
     *
     * @throws IOException if there is no such worker, or a shortage: the reason of the last one
     *     tried. The connection is unharmed
     */
    void assign(Connection connection) throws IOException {
        IOException failure = null;
        for (ForkedWorker idle = takeIdle(); idle != null; idle = takeIdle()) {
            try {
                idle.give(connection);
                return;
            } catch (IOException e) {
                if (Shortage.isCauseOf(e)) { // not the worker's fault
                    workers.add(idle);
                    throw e;
                }
                log.debug("an idle worker is gone: {}", e.getMessage());
                idle.retire();
                failure = e;
            }
        }
        throw failure == null ? new IOException("no worker is idle") : failure;
    }

    /** A worker that has rehearsed if there is one; null if no worker is idle. */
    private ForkedWorker takeIdle() {
        ForkedWorker taken = first(ForkedWorker::isWarm);
        if (taken == null) {
            taken = first(ForkedWorker::isIdle);
        }
        workers.remove(taken);
        return taken;
    }

    /** One that is to rehearse; null if one does, or all have. */
    ForkedWorker nextToRehearse() {
        return first(ForkedWorker::isRehearsing) == null ? first(ForkedWorker::isCold) : null;
    }

    private ForkedWorker first(Predicate<ForkedWorker> property) {
        return workers.stream().filter(property).findFirst().orElse(null);
    }

    /** Retires the worker that was asked for last. */
    void retireLast() {
        workers.remove(workers.size() - 1).retire();
    }

    void retireAll() {
        workers.forEach(ForkedWorker::retire);
        workers.clear();
    }
}
