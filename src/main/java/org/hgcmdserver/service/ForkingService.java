package org.hgcmdserver.service;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.ProcessMemory;
import org.hgcmdserver.posix.Ticker;
import org.hgcmdserver.reload.Handover;
import org.hgcmdserver.reload.Reload;
import org.hgcmdserver.reload.Successor;
import org.hgcmdserver.service.GuardedHandler.HandlerException;
import org.hgcmdserver.worker.HelloWatch;
import org.hgcmdserver.worker.Refusal;
import org.hgcmdserver.worker.StartTimeout;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on a Unix domain socket and has a separate worker process serve each connection, like
 * Mercurial's {@code unixforkingservice} (mercurial/commandserver.py).
 *
 * <p>{@link #init} and {@link #run} are called by one thread, in that order, once. {@link #stop}
 * and {@link #abandon} may be called by any thread at any time.
 *
 * <p>This file is longer than others, so that it shows the life of a service and the path of a
 * connection in one place, in the order of events.
 *
 * <p>While the service runs, it waits for all children of this Java process: a program that embeds
 * the service must not start processes with {@code ProcessBuilder}, whose exit statuses would get
 * lost.
 */
public final class ForkingService
        implements Acceptor.Owner, WorkerSource.Owner, WorkerTable.Listener {

    private static final Logger log = LoggerFactory.getLogger(ForkingService.class);

    /**
     * The length of the quiet time after which the service gives memory back, which takes 10 ms.
     */
    private static final Duration MEMORY_RELEASE = Duration.ofSeconds(10);

    private final Path address;
    private final ServiceHandler handler;
    private final GuardedHandler guarded;
    private final ServiceConfig config;
    private final WorkerSource.Factory sourceFactory;
    private final Notifier notifier;
    private final EventLoop loop;
    private final Children children;
    private final WorkerTable table;
    private final Reload reload;
    private final Heartbeat heartbeat;
    private final Draining draining;
    private final Orphans orphans;
    private final StalledClients stalled;
    private final QuietTime memory;
    private final QuietProgram quietProgram;

    // from init on
    private HelloWatch hello;
    private StartTimeout startTimeout;
    private Listener listener;
    private WorkerSource source;
    private Acceptor acceptor;

    private volatile ServiceState state = ServiceState.STARTING;
    private volatile boolean stopping;
    private long nextPoll;

    /** The number of connections served so far, including by earlier images of this process. */
    private long connections;

    private ForkingService(
            Path address,
            ServiceHandler handler,
            ServiceConfig config,
            WorkerSource.Factory sourceFactory,
            Notifier notifier,
            EventLoop loop) {
        this.address = address;
        this.handler = handler;
        this.config = config;
        this.sourceFactory = sourceFactory;
        this.notifier = notifier;
        this.loop = loop;
        guarded = new GuardedHandler(handler, loop);
        children = new Children(loop);
        heartbeat = new Heartbeat(loop, notifier);
        table = new WorkerTable(loop, children, this);
        draining = new Draining(loop, children, table, config);
        orphans = new Orphans(loop, table, config.limits().orphan());
        stalled = new StalledClients(loop, table, config.limits().stall(), config.pollInterval());
        memory = new QuietTime(loop, MEMORY_RELEASE, ProcessMemory::giveBack);
        quietProgram = new QuietProgram(loop, children, config.quietProgram());
        reload = new Reload(loop, children, notifier, new ReloadedService());
    }

    /**
     * Opens a service. The service does nothing until {@link #init}.
     *
     * @param address where {@link ServiceHandler#bindSocket} listens; passed to it unchanged
     * @param notifier closed when the service has ended
     * @throws IOException if there are no descriptors left for the loop
     */
    public static ForkingService open(
            Path address,
            ServiceHandler handler,
            ServiceConfig config,
            WorkerSource.Factory sourceFactory,
            Notifier notifier,
            Ticker ticker)
            throws IOException {
        EventLoop loop = new EventLoop(ticker);
        return new ForkingService(address, handler, config, sourceFactory, notifier, loop);
    }

    /** The loop that runs the service, for actions that must run in the loop's thread. */
    public EventLoop loop() {
        return loop;
    }

    public ServiceState state() {
        return state;
    }

    /**
     * Starts to listen, and reports that the service is ready.
     *
     * @throws IOException from {@link ServiceHandler#bindSocket}; a failed start leaves nothing
     *     behind
     */
    public void init() throws IOException {
        init(null);
    }

    /**
     * Starts to listen, and continues with the connections and workers that an earlier image of
     * this process has handed over.
     *
     * @param predecessor null if there was none
     * @throws IOException as {@link #init()}
     */
    public void init(Handover predecessor) throws IOException {
        try {
            start(predecessor);
        } catch (IOException | RuntimeException e) {
            try {
                unwind(e);
            } catch (IOException | RuntimeException another) {
                e.addSuppressed(another);
            }
            throw e;
        }
    }

    private void start(Handover predecessor) throws IOException {
        children.start();
        hello = HelloWatch.open(loop, table);
        startTimeout = new StartTimeout(loop, hello, config.limits().start());
        listener = handler.bindSocket(address);
        source = sourceFactory.open(loop, children, table, this);
        acceptor = new Acceptor(loop, listener, config, this);
        if (predecessor != null) {
            adopt(predecessor);
        }
        acceptor.update();
        listener.announce();
        enter(ServiceState.SERVING);
        guarded.printBanner(listener.address());
        notifier.ready();
        reportStatus();
        heartbeat.begin();
    }

    /**
     * Undoes a failed start: a client must not find a dead socket, and the clients in its queue
     * read the reason.
     */
    private void unwind(Exception cause) throws IOException {
        if (acceptor != null) {
            acceptor.closeWatch();
            acceptor.refuseWaiting(reasonOf(cause));
        }
        if (listener != null) {
            listener.withdraw();
            guarded.unlinkSocket(listener);
        }
        try {
            if (listener != null) {
                refuseQueue(cause);
            }
        } finally {
            enter(ServiceState.STOPPED);
            close();
        }
    }

    private void refuseQueue(Exception cause) throws IOException {
        try {
            Refusal.tellQueued(listener, reasonOf(cause));
        } finally {
            listener.release();
        }
    }

    private static String reasonOf(Exception cause) {
        String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return "the service cannot start: " + reason;
    }

    private void adopt(Handover predecessor) {
        connections = predecessor.connections();
        for (Handover.BusyWorker busy : predecessor.workers()) {
            announce(busy.connection());
            Worker worker = table.adopt(busy.pid(), busy.state(), busy.connection(), busy.since());
            hello.adopt(worker);
            if (busy.line() >= 0) {
                adoptLine(worker, new OwnedDescriptor(busy.line()));
            }
        }
        predecessor.leftovers().forEach(children::adoptLeftover);
        predecessor.waiting().forEach(fd -> acceptor.adopt(Connection.of(fd)));
    }

    private void adoptLine(Worker worker, OwnedDescriptor line) {
        try {
            source.adopt(worker, line);
        } catch (IOException e) { // the worker serves its client all the same
            log.warn("worker process (pid={}) cannot report: {}", worker.pid(), e.getMessage());
        }
    }

    // the way in

    /** Passes an accepted connection to the worker source, or refuses it. */
    @Override
    public void serve(Connection connection) {
        Optional<String> refusal = guarded.refusal(connection.peer());
        if (refusal.isPresent()) {
            refuse(connection, refusal.get());
            return;
        }
        hello.watch(connection);
        connections++;
        announce(connection);
        try {
            source.serve(connection, guarded.createCmdServer(connection.peer()));
        } catch (HandlerException e) {
            refuse(connection, e.getMessage());
        }
        reportStatus();
    }

    /** Reports a connection, and later its end, to the handler. */
    private void announce(Connection connection) {
        connection.onRelease(() -> guarded.connectionEnded(connection.peer()));
        guarded.newConnection(connection.peer());
    }

    /** The worker source has assigned a connection to the worker. */
    @Override
    public void workerAssigned(Worker worker) {
        hello.workerAssigned(worker);
        startTimeout.workerAssigned();
        passOnWaiting();
    }

    @Override
    public void workerWithdrawn(Connection connection) {
        hello.workerWithdrawn(connection);
    }

    /** Later, since the source may be in the middle of its queue. */
    private void passOnWaiting() {
        if (acceptor.isAnyWaiting()) {
            loop.post(acceptor::update);
        }
    }

    /** Sends the client the reason, and closes the connection. */
    @Override
    public void refuse(Connection connection, String reason) {
        hello.forget(connection);
        Refusal.tell(connection, reason);
        connection.release();
        passOnWaiting();
    }

    // the way out

    /** A worker has exited. A client that got no hello reads the reason; the place is free. */
    @Override
    public void workerExited(Worker worker, Exit exit) throws IOException {
        hello.workerExited(worker, exit);
        if (worker.connection() != null) {
            worker.connection().release();
        }
        source.workerExited(worker);
        acceptor.tryAgain();
        reportStatus();
    }

    @Override
    public void noticeHellos() throws IOException {
        hello.noticeAll();
    }

    @Override
    public int connections() {
        return table.busy() + source.waiting();
    }

    @Override
    public void waitedForAPlace() throws IOException {
        drainGoesOn();
    }

    @Override
    public int withoutWorker() {
        return source.waiting();
    }

    @Override
    public boolean isAcceptingPaused() {
        return stopping || reload.isReplacing();
    }

    @Override
    public boolean isAbandoned() {
        return draining.isAbandoned();
    }

    // the life of the service

    /**
     * Serves until {@link ServiceHandler#shouldExit} or {@link #stop}, then drains: serves the
     * queued connections if this service bound the socket, and waits for all workers. Kills no
     * worker.
     *
     * @throws IOException an error of the loop itself or of the reaper; the service has stopped
     *     listening, and does not wait for workers, since it cannot
     */
    public Outcome run() throws IOException {
        try {
            mainLoop();
        } catch (IOException | RuntimeException e) {
            draining.abandon();
            throw e;
        } finally {
            drain();
        }
        return draining.outcome();
    }

    /** Makes the service drain and {@link #run} return. */
    public void stop() {
        stopping = true;
        loop.post(() -> {}); // wakes the loop
    }

    /**
     * Has a newer image of the program take over this process, if that image would start; see
     * {@link ServiceHandler#successor}. Otherwise, and while the service stops, the service goes on
     * as before.
     */
    public void reload() {
        loop.post(reload::request);
    }

    /**
     * Ends all present and later connections between two requests; see {@link Drain#FINISH}.
     * Changes a drain from {@link Drain#WAIT} to {@link Drain#FINISH}.
     */
    public void finish() {
        loop.post(table::finish);
    }

    /** Ends a drain's wait: {@link #run} returns, and the workers go on without a parent. */
    public void abandon() {
        loop.post(draining::abandon);
    }

    private void mainLoop() throws IOException {
        nextPoll = loop.nanoTime();
        while (!stopping) {
            if (loop.nanoTime() - nextPoll >= 0) {
                poll();
            } else {
                loop.runOnce(Duration.ofNanos(nextPoll - loop.nanoTime()));
            }
        }
    }

    /** The work of each poll interval. */
    private void poll() throws IOException {
        nextPoll = loop.nanoTime() + config.pollInterval().toNanos();
        hello.noticeUnread();
        orphans.look();
        stalled.look();
        memory.look(connections);
        quietProgram.look(connections, table.busy() > 0);
        acceptor.update(); // in case no exit triggers it
        // as Mercurial's main loop: do not exit while a client is waiting to be accepted
        long before = connections;
        loop.runOnce(Duration.ZERO);
        if (connections == before && acceptor.keepReachable() && handler.shouldExit()) {
            stopping = true;
        }
    }

    private void drain() throws IOException {
        enter(ServiceState.DRAINING);
        reload.cancel();
        quietProgram.stop();
        notifier.stopping();
        heartbeat.extendStop();
        try {
            draining.run(this::closeListener, source, this::drainGoesOn);
        } finally {
            enter(ServiceState.STOPPED);
            close();
        }
    }

    /** Nothing is accepted any more; what is queued is served first. */
    private void closeListener() throws IOException {
        acceptor.close(() -> guarded.unlinkSocket(listener));
    }

    private void drainGoesOn() throws IOException {
        hello.noticeUnread();
        orphans.look();
        stalled.look();
        reportStatus();
    }

    private void close() {
        children.close();
        if (hello != null) {
            hello.close();
        }
        loop.close();
        notifier.close();
    }

    private void reportStatus() {
        notifier.status(
                state == ServiceState.DRAINING
                        ? StatusText.stopping(table.busyWorkers(), loop.nanoTime())
                        : StatusText.serving(table.busy(), connections));
    }

    /** This service, as {@link Reload} uses it. */
    private final class ReloadedService implements Reload.Service {

        @Override
        public Successor successor() {
            return handler.successor();
        }

        @Override
        public boolean isStopping() {
            return stopping || state == ServiceState.DRAINING || state == ServiceState.STOPPED;
        }

        @Override
        public void reloadBegins() {
            enter(ServiceState.RELOADING);
        }

        @Override
        public void reloadFailed() {
            enter(ServiceState.SERVING);
        }

        @Override
        public int waiting() {
            return source.waiting() + source.untaken();
        }

        @Override
        public void acceptPausedChanged() {
            acceptor.update();
        }

        @Override
        public Handover handover() throws IOException {
            quietProgram.stop();
            source.handOver();
            hello.noticeAll();
            return Handover.of(listener, connections, table, children, acceptor.waiting());
        }
    }

    private void enter(ServiceState next) {
        log.debug("service {} -> {}", state, next);
        state = next;
    }
}
