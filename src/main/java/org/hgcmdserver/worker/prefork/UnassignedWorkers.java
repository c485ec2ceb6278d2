package org.hgcmdserver.worker.prefork;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The workers without a connection, in the order in which they were asked for: some are idle, some
 * are still being forked. Used in the event loop's thread only.
 */
final class UnassignedWorkers {

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

    /** One that has rehearsed if there is one; null if nobody is idle. */
    ForkedWorker takeIdle() {
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
