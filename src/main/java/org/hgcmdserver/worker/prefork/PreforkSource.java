package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.Shortage;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.hgcmdserver.worker.spawn.SpawnSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives connections to workers that a warm template has forked ahead. While there is neither a
 * template nor such a worker, or for another command server than the one it has a template of,
 * connections are served by spawned workers.
 */
public final class PreforkSource
        implements WorkerSource, TemplateKeeper.Owner, ForkedWorker.Listener {

    private static final Logger log = LoggerFactory.getLogger(PreforkSource.class);

    /** How long a connection waits for the template to fork until it is taken to be stuck. */
    private static final Duration FORK_TIMEOUT = Duration.ofSeconds(5);

    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    private final EventLoop loop;
    private final WorkerTable table;
    private final Children children;
    private final SpawnSource spawn;
    private final TemplateProgram program;
    private final CommandServer server;
    private final PoolSize size;
    private final TemplateKeeper keeper;
    private final Shortage shortage;

    private final ForkLimit forkLimit;
    private final UnassignedWorkers unassigned = new UnassignedWorkers();

    /** Accepted and without a worker, in the order in which they came. */
    private final Deque<Connection> waiting = new ArrayDeque<>();

    private boolean draining;
    private final EventLoop.Timer refill;

    /**
     * A pool of workers that run {@code server}, for the service to open.
     *
     * @param minIdle how many workers wait for a connection in quiet times
     * @param maxIdle how many at most
     */
    public static WorkerSource.Factory factory(
            TemplateProgram program, CommandServer server, int minIdle, int maxIdle) {
        return (loop, children, table, owner) -> {
            PoolSize size = new PoolSize(minIdle, maxIdle, loop.nanoTime());
            SpawnSource spawn = new SpawnSource(loop, table, owner);
            PreforkSource source =
                    new PreforkSource(loop, children, table, spawn, program, server, size);
            source.open();
            return source;
        };
    }

    /** It needs to be given orphans, which only Linux can do. */
    public static boolean isSupported() {
        return Child.canBeSubreaper();
    }

    private PreforkSource(
            EventLoop loop,
            Children children,
            WorkerTable table,
            SpawnSource spawn,
            TemplateProgram program,
            CommandServer server,
            PoolSize size) {
        this.loop = loop;
        this.table = table;
        this.children = children;
        this.spawn = spawn;
        this.program = program;
        this.server = server;
        this.size = size;
        keeper =
                new TemplateKeeper(
                        loop,
                        listener ->
                                new TemplateProcess(
                                        loop, children, program, server.environment(), listener),
                        this);
        refill = loop.timer(this::refill);
        forkLimit = new ForkLimit(loop);
        shortage = new Shortage(loop, "fork workers ahead", this::refill);
    }

    private void open() throws IOException {
        Child.becomeSubreaper(); // a worker's parent is this process, however it was forked
        keeper.start();
        trim();
    }

    // connections

    @Override
    public void serve(Connection connection, CommandServer wanted) {
        boolean idle = unassigned.isAnyIdle();
        if (!wanted.equals(server)) {
            spawn.serve(connection, wanted);
            return;
        }
        if (!idle && !keeper.isReady()) {
            spawn.serveUntilTemplateReady(connection, program.commandServer());
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

    /**
     * Takes the connections back that were to be served by spawned workers and have none yet: they
     * came before all others.
     */
    private void reclaim() {
        List<Connection> reclaimed = spawn.reclaim();
        for (int i = reclaimed.size() - 1; i >= 0; i--) {
            Connection connection = reclaimed.get(i);
            waiting.addFirst(connection);
            expectFork(connection);
        }
    }

    /** Replaces the template if it does not fork a worker in time. */
    private void expectFork(Connection connection) {
        Template asked = keeper.template();
        loop.after(
                FORK_TIMEOUT,
                () -> {
                    if (waiting.contains(connection)
                            && asked == keeper.template()
                            && keeper.isReady()) {
                        log.warn(
                                "the template has not forked a worker for {}; replacing it",
                                FORK_TIMEOUT);
                        replaceTemplate();
                    }
                });
    }

    @Override
    public int waiting() {
        return waiting.size() + spawn.waiting();
    }

    /** Assigns the first of the waiting connections to idle workers. */
    private void assignWaiting() {
        while (!waiting.isEmpty() && unassigned.isAnyIdle()) {
            Connection connection = waiting.remove();
            try {
                assignToIdle(connection);
            } catch (IOException e) {
                log.debug("no idle worker for {}: {}", connection.peer(), e.getMessage());
                spawn.serveUntilTemplateReady(connection, program.commandServer());
            }
        }
        retireIfDrained();
    }

    /**
     * @throws IOException if none can be given it; the last one's reason
     */
    private Worker assignToIdle(Connection connection) throws IOException {
        IOException failure = null;
        for (ForkedWorker idle = unassigned.takeIdle();
                idle != null;
                idle = unassigned.takeIdle()) {
            try {
                Worker worker = idle.give(connection);
                size.taken(loop.nanoTime());
                return worker;
            } catch (IOException e) {
                if (Shortage.isCauseOf(e)) { // no fault of the worker's
                    unassigned.add(idle);
                    throw e;
                }
                log.debug("an idle worker is gone: {}", e.getMessage());
                idle.retire();
                failure = e;
            }
        }
        throw failure;
    }

    // workers

    private void refill() {
        if (!keeper.isReady() || (draining && waiting.isEmpty())) {
            return;
        }
        int missing = size.toFork(unassigned.size(), waiting.size(), loop.nanoTime());
        if (missing == 0) {
            shortage.over();
        }
        try {
            for (int i = 0; i < missing; i++) {
                unassigned.add(
                        new ForkedWorker(keeper.template(), children, table, forkLimit, this));
            }
        } catch (IOException e) {
            if (Shortage.isCauseOf(e)) {
                shortage.noticed(e.getMessage());
                serveWaitingBySpawning();
            } else { // the template's end is about to be read
                log.debug("no worker from the template: {}", e.getMessage());
            }
            return;
        }
        size.untilRefill(unassigned.size(), loop.nanoTime()).ifPresent(refill::startIfStopped);
    }

    /** Retires the idle workers that quiet times do not need. */
    private void trim() {
        for (int n = size.toRetire(unassigned.idle(), loop.nanoTime()); n > 0; n--) {
            unassigned.retireLast();
        }
        loop.after(PoolSize.QUIET, this::trim);
    }

    @Override
    public void idle(ForkedWorker worker) {
        shortage.over();
        reclaim();
        assignWaiting();
        if (!keeper.isReady()) { // it was forked by one that has ended
            serveWaitingBySpawning();
        }
        refill(); // in place of those who have been given a connection
        rehearse();
    }

    @Override
    public void warm(ForkedWorker worker) {
        rehearse();
    }

    /**
     * Has the next idle worker rehearse, one at a time, while there is a processor to spare: under
     * load that would take more from the connections there are than it gives to those that come.
     */
    private void rehearse() {
        ForkedWorker next = unassigned.nextToRehearse();
        if (next != null && table.busy() < PROCESSORS) {
            next.rehearse();
        }
    }

    /** Not at once: what ended it might end its successors too, one after the other. */
    @Override
    public void gone(ForkedWorker worker) {
        if (unassigned.remove(worker)) { // else it has served one
            shortage.noticed("one has ended before it had a connection");
        }
    }

    @Override
    public void notForked(ForkedWorker worker, String reason) {
        unassigned.remove(worker);
        serveWaitingBySpawning();
        if (reason != null) {
            shortage.noticed(reason);
        }
    }

    @Override
    public void workerExited(Worker worker) {
        spawn.workerExited(worker);
        if (worker.connection() == null) {
            return; // it was idle: its line tells
        }
        size.ended(loop.nanoTime());
        refill();
        rehearse();
    }

    private void serveWaitingBySpawning() {
        while (!waiting.isEmpty()) {
            spawn.serveUntilTemplateReady(waiting.remove(), program.commandServer());
        }
        retireIfDrained();
    }

    // the template

    @Override
    public void templateReady() {
        reclaim();
        refill();
    }

    /** Idle workers of the template that has ended stay of use. */
    @Override
    public void templateFailed() {
        serveWaitingBySpawning();
        program.proveStrictServer(loop, children);
    }

    @Override
    public void stale(ForkedWorker worker) {
        if (worker.template() != keeper.template()) {
            return; // another worker has said so before
        }
        log.info("configuration, Mercurial or an extension has changed: warming up anew");
        replaceTemplate();
    }

    private void replaceTemplate() {
        unassigned.retireAll();
        keeper.replace();
        serveWaitingBySpawning();
    }

    // the end

    @Override
    public void drain() {
        draining = true;
        keeper.startNoMore();
        retireIfDrained();
    }

    private void retireIfDrained() {
        if (!draining || !waiting.isEmpty()) {
            return;
        }
        unassigned.retireAll();
        keeper.close();
    }
}
