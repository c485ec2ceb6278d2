package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.worker.Shortage;
import org.hgcmdserver.worker.Worker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers without a connection, in the order of their requests: some are idle, some are still
 * being forked. Used in the event loop's thread only.
 */
final class UnassignedWorkers {

    private static final Logger log = LoggerFactory.getLogger(UnassignedWorkers.class);

    private final List<ForkedWorker> workers = new ArrayList<>();

    void add(ForkedWorker worker) {
        workers.add(worker);
    }

    /** Returns whether the worker was among the unassigned workers. */
    boolean remove(ForkedWorker worker) {
        return workers.remove(worker);
    }

    int size() {
        return workers.size();
    }

    /**
     * The memory of the idle workers, in bytes: for each that of one that has rehearsed too, or has
     * not either, since those are alike, and the loop waits for each reading.
     */
    long memory() {
        return memoryOf(workers.stream().filter(ForkedWorker::isWarm).toList())
                + memoryOf(workers.stream().filter(worker -> !worker.isWarm()).toList());
    }

    private static long memoryOf(List<ForkedWorker> alike) {
        return alike.isEmpty() ? 0 : alike.size() * alike.get(0).memory();
    }

    boolean isAnyIdle() {
        return first(ForkedWorker::isIdle) != null;
    }

    int idle() {
        return (int) workers.stream().filter(ForkedWorker::isIdle).count();
    }

    /**
     * Gives the connection to an idle worker. Retires a worker that turns out to be gone, and tries
     * the next one.
     *
     * @return the worker that has the connection now
     * @throws IOException if no worker takes the connection, with the reason of the last worker
     *     tried, or in a shortage. The connection is unharmed
     */
    Worker assign(Connection connection) throws IOException {
        IOException failure = null;
        for (ForkedWorker idle = takeIdle(); idle != null; idle = takeIdle()) {
            try {
                return idle.give(connection);
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

    /**
     * Takes an idle worker, or returns null if no worker is idle. Workers that have rehearsed come
     * first. Workers that are rehearsing come last, since such a worker says hello only after its
     * rehearsal.
     */
    private ForkedWorker takeIdle() {
        ForkedWorker taken = first(ForkedWorker::isWarm);
        if (taken == null) {
            taken = first(ForkedWorker::isCold);
        }
        if (taken == null) {
            taken = first(ForkedWorker::isIdle);
        }
        workers.remove(taken);
        return taken;
    }

    /** The next worker to rehearse; null if a worker is rehearsing, or all have rehearsed. */
    ForkedWorker nextToRehearse() {
        return first(ForkedWorker::isRehearsing) == null ? first(ForkedWorker::isCold) : null;
    }

    private ForkedWorker first(Predicate<ForkedWorker> property) {
        return workers.stream().filter(property).findFirst().orElse(null);
    }

    boolean isAnyWarm() {
        return first(ForkedWorker::isWarm) != null;
    }

    /**
     * Retires the workers that quiet times do not need: those that are too many, and after a while
     * all but one of those that have rehearsed, which take more memory than their successors.
     *
     * @param successors whether there can be any
     */
    void trim(PoolSize size, long now, boolean successors) {
        for (int n = size.toRetire(idle(), now); n > 0; n--) {
            workers.remove(workers.size() - 1).retire();
        }
        if (successors && size.isResting(now)) {
            List<ForkedWorker> warm = workers.stream().filter(ForkedWorker::isWarm).toList();
            for (ForkedWorker worker : warm.subList(Math.min(1, warm.size()), warm.size())) {
                workers.remove(worker);
                worker.retire();
            }
        }
    }

    void retireAll() {
        workers.forEach(ForkedWorker::retire);
        workers.clear();
    }
}
