package org.hgcmdserver.service;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Signal;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Interrupts commands whose clients have gone: a worker notices that only when it reads or writes.
 * Used in the loop's thread only.
 */
final class Orphans {

    private static final Logger log = LoggerFactory.getLogger(Orphans.class);

    private final EventLoop loop;
    private final WorkerTable table;
    private final Optional<Duration> timeout;

    /** When the service noticed that a worker's client had gone, as {@link EventLoop#nanoTime}. */
    private final Map<Worker, Long> orphans = new HashMap<>();

    private final Set<Worker> interrupted = new HashSet<>();

    /**
     * @param timeout how long a command goes on without its client; without limit if empty
     */
    Orphans(EventLoop loop, WorkerTable table, Optional<Duration> timeout) {
        this.loop = loop;
        this.table = table;
        this.timeout = timeout;
    }

    /** Called once per poll interval. */
    void look() {
        if (timeout.isEmpty()) {
            return;
        }
        Set<Worker> busy = Set.copyOf(table.busyWorkers());
        orphans.keySet().retainAll(busy);
        interrupted.retainAll(busy);
        for (Worker worker : busy) {
            if (UnixSocket.isHungUp(worker.connection().fd())) {
                long since = orphans.computeIfAbsent(worker, w -> loop.nanoTime());
                if (loop.since(since).compareTo(timeout.get()) >= 0 && interrupted.add(worker)) {
                    interrupt(worker);
                }
            }
        }
    }

    private static void interrupt(Worker worker) {
        log.info("interrupting worker process (pid={}): its client has gone", worker.pid());
        try {
            Child.signalGroup(worker.pid(), Signal.SIGINT.number());
        } catch (IOException gone) {
            log.debug("{}", gone.getMessage());
        }
    }
}
