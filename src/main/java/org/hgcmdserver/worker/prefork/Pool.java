package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.Shortage;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers that one template has forked ahead, and the connections that wait for one of them.
 * With neither a template nor such a worker, the fallback serves them. For the loop's thread only.
 */
final class Pool implements TemplateKeeper.Owner, ForkedWorker.Listener {

    /** How long a connection waits for a fork until the pool considers the template stuck. */
    static final Duration FORK_TIMEOUT = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(Pool.class);

    private final EventLoop loop;
    private final Children children;
    private final WorkerTable table;
    private final PoolSize size;
    private final PoolFallback fallback;
    private final TemplateKeeper keeper;
    private final Shortage shortage;
    private final WorkerLimits limits;
    private final EventLoop.Timer refill;
    private final UnassignedWorkers unassigned = new UnassignedWorkers();
    private final WaitingConnections waiting = new WaitingConnections();
    private final Set<Worker> serving = new HashSet<>(); // those that have a connection
    private int returning; // connections of stuck workers
    private boolean draining;

    Pool(
            EventLoop loop,
            Children children,
            WorkerTable table,
            PoolSize size,
            TemplateKeeper.Starter starter,
            PoolFallback fallback) {
        this.loop = loop;
        this.children = children;
        this.table = table;
        this.size = size;
        this.fallback = fallback;
        keeper = new TemplateKeeper(loop, starter, this);
        refill = loop.timer(this::refill);
        limits = WorkerLimits.of(loop);
        shortage = new Shortage(loop, "fork workers ahead", this::refill);
    }

    void open() {
        keeper.start();
        loop.after(PoolSize.QUIET, this::trim);
    }

    /** Takes the connection over, and gives it to a worker now or as soon as one is idle. */
    void serve(Connection connection) {
        boolean idle = unassigned.isAnyIdle();
        if (!idle && !keeper.isReady()) {
            keeper.wake();
            fallback.serveWithoutPool(connection);
            return;
        }
        waiting.add(connection);
        if (!idle) {
            size.missed(loop.nanoTime());
            expectFork(connection);
        }
        assignWaiting();
        refill();
    }

    TemplateKeeper keeper() {
        return keeper;
    }

    boolean isInUse() {
        return !serving.isEmpty() || waiting() > 0;
    }

    long memory() {
        return keeper.memory() + unassigned.memory();
    }

    int waiting() {
        return waiting.size() + returning;
    }

    int untaken() {
        return limits.taking().count(ForkedWorker::isUntaken);
    }

    /** Takes back the connections that the fallback does not serve yet: they arrived first. */
    private void reclaim() {
        List<Connection> reclaimed = fallback.reclaim();
        waiting.addOlder(reclaimed);
        reclaimed.forEach(this::expectFork);
    }

    /** Replaces the template if it does not fork a worker in time. */
    private void expectFork(Connection connection) {
        Template asked = keeper.template();
        loop.after(FORK_TIMEOUT, () -> replaceIfStuck(asked, connection));
    }

    private void replaceIfStuck(Template asked, Connection connection) {
        if (waiting.contains(connection) && asked == keeper.template() && keeper.isReady()) {
            log.warn("the template has not forked a worker for {}; replacing it", FORK_TIMEOUT);
            replaceTemplate();
        }
    }

    private void assignWaiting() {
        while (!waiting.isEmpty() && unassigned.isAnyIdle()) {
            Connection connection = waiting.remove();
            try {
                serving.add(unassigned.assign(connection));
                size.taken(loop.nanoTime());
            } catch (IOException e) {
                log.debug("no idle worker for {}: {}", connection.peer(), e.getMessage());
                fallback.serveWithoutPool(connection);
            }
        }
        retireIfDrained();
    }

    private void refill() {
        if (!keeper.isReady() || (draining && waiting.isEmpty())) {
            return;
        }
        size.rehearsing(keeper.isRehearsing());
        int missing = size.toFork(unassigned.size(), waiting.size(), loop.nanoTime());
        if (missing == 0) {
            shortage.over();
        }
        try {
            for (int i = 0; i < missing; i++) {
                unassigned.add(
                        ForkedWorker.request(keeper.template(), children, table, limits, this));
            }
        } catch (IOException e) {
            if (Shortage.isCauseOf(e)) {
                shortage.noticed(e.getMessage());
                serveWaitingByFallback();
            } else { // the pool is about to read the template's end
                log.debug("no worker from the template: {}", e.getMessage());
            }
            return;
        }
        size.untilRefill(unassigned.size(), loop.nanoTime()).ifPresent(refill::startIfStopped);
    }

    /** Retires the idle workers that quiet times do not need, and in the end the template. */
    private void trim() {
        if (draining) {
            return;
        }
        unassigned.trim(size, loop.nanoTime(), keeper.isReady());
        refill();
        if (unassigned.size() == 0 && size.needsNoTemplate(loop.nanoTime())) {
            keeper.rest();
        }
        loop.after(PoolSize.QUIET, this::trim);
    }

    @Override
    public void idle(ForkedWorker worker) {
        shortage.over();
        reclaim();
        assignWaiting();
        if (!keeper.isReady()) { // the template that forked the worker has ended
            serveWaitingByFallback();
        }
        refill(); // replaces the workers that have received a connection
        rehearse();
    }

    @Override
    public void warm(ForkedWorker worker) {
        rehearse();
    }

    /**
     * Has the next idle worker rehearse, one at a time, while there is a processor to spare: under
     * load a rehearsal would cost the present connections more than it gains the coming ones, and
     * in a quiet time the memory of two workers that have rehearsed is wanted elsewhere.
     */
    private void rehearse() {
        boolean enough = size.isResting(loop.nanoTime()) && unassigned.isAnyWarm();
        ForkedWorker next = enough ? null : unassigned.nextToRehearse();
        if (next != null && table.busy() < Runtime.getRuntime().availableProcessors()) {
            next.rehearse();
        }
    }

    /** Does not refill at once: the cause might end the next workers too, one after the other. */
    @Override
    public void gone(ForkedWorker worker) {
        if (unassigned.remove(worker)) { // else the worker has served a connection
            shortage.noticed("a worker has ended before it had a connection");
        }
    }

    @Override
    public void stuck(Worker worker) {
        returning++;
        serving.remove(worker);
    }

    /** The others of its template may be stuck for the same reason. */
    @Override
    public void returned(ForkedWorker worker, Connection connection, boolean untouched) {
        returning--;
        if (untouched) {
            fallback.serveWithoutPool(connection);
        }
        if (worker.template() == keeper.template() && !draining) {
            replaceTemplate();
        }
    }

    @Override
    public void notForked(ForkedWorker worker, String reason) {
        unassigned.remove(worker);
        serveWaitingByFallback();
        if (reason != null) {
            shortage.noticed(reason);
        }
    }

    void workerExited(Worker worker) {
        serving.remove(worker);
        size.ended(loop.nanoTime());
        refill();
        rehearse();
    }

    private void serveWaitingByFallback() {
        while (!waiting.isEmpty()) {
            fallback.serveWithoutPool(waiting.remove());
        }
        retireIfDrained();
    }

    @Override
    public void templateReady() {
        reclaim();
        refill();
    }

    /** The idle workers of the template that has ended remain usable. */
    @Override
    public void templateFailed() {
        serveWaitingByFallback();
        fallback.templateFailed();
    }

    @Override
    public void stale(ForkedWorker worker) {
        // else another worker has reported this before, or there will be no other template
        if (worker.template() == keeper.template() && !draining) {
            log.info("configuration, hg or an extension has changed: warming up a new template");
            replaceTemplate();
        }
    }

    private void replaceTemplate() {
        unassigned.retireAll();
        keeper.replace();
        serveWaitingByFallback();
    }

    void drain() {
        draining = true;
        keeper.startNoMore();
        retireIfDrained();
    }

    void close() {
        drain();
        serveWaitingByFallback();
    }

    private void retireIfDrained() {
        if (draining && waiting.isEmpty()) {
            unassigned.retireAll();
            keeper.close();
        }
    }
}
