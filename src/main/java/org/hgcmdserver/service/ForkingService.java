package org.hgcmdserver.service;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.HelloWatch;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on a Unix domain socket and has each connection served by a worker process of its own, as
 * Mercurial's {@code unixforkingservice} (mercurial/commandserver.py).
 *
 * <p>{@link #init} and {@link #run} are called by one thread, in that order, once. {@link #stop}
 * and {@link #abandon} may be called by any thread at any time.
 *
 * <p>While the service runs, all children of this Java process are its to wait for: a program that
 * embeds it must not start processes by {@code ProcessBuilder}, whose exit statuses would get lost.
 */
public final class ForkingService {

    /** The life of a service; {@link #enter} makes the transitions. */
    public enum State {
        STARTING,
        /** Connections are accepted. */
        SERVING,
        /** None is accepted any more; workers are waited for. */
        DRAINING,
        STOPPED
    }

    /** How {@link #run} ended. */
    public enum Outcome {
        /** All workers have exited. */
        DRAINED,
        /** The wait was given up; workers that are left finish by themselves. */
        ABANDONED
    }

    private static final Logger log = LoggerFactory.getLogger(ForkingService.class);

    /** How long after a failed accept the next is tried, if no worker ends before. */
    private static final Duration ACCEPT_AGAIN = Duration.ofSeconds(1);

    private final Path address;
    private final ServiceHandler handler;
    private final WorkerSource.Factory sourceFactory;
    private final Notifier notifier;
    private final Ticker ticker;
    private final EventLoop loop;
    private final WorkerTable table;
    private final HelloWatch hello;

    private volatile State state = State.STARTING;
    private Listener listener;
    private WorkerSource source;
    private volatile boolean stopping;
    private boolean abandoned;
    private boolean acceptPaused;
    private long nextPoll;

    /**
     * @param address where {@link ServiceHandler#bindSocket} shall listen; handed on as it is
     * @param notifier is closed when the service has ended
     */
    public ForkingService(
            Path address,
            ServiceHandler handler,
            WorkerSource.Factory sourceFactory,
            Notifier notifier,
            Ticker ticker)
            throws IOException {
        this.address = address;
        this.handler = handler;
        this.sourceFactory = sourceFactory;
        this.notifier = notifier;
        this.ticker = ticker;
        loop = new EventLoop();
        table = new WorkerTable(loop);
        hello = new HelloWatch(loop, table);
    }

    /** The loop that runs the service, for what is to happen in its thread. */
    public EventLoop loop() {
        return loop;
    }

    public State state() {
        return state;
    }

    /**
     * Starts to listen, and says so.
     *
     * @throws IOException from {@link ServiceHandler#bindSocket}; nothing is left behind then
     */
    public void init() throws IOException {
        try {
            listener = handler.bindSocket(address);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        source = sourceFactory.open(loop, table, hello);
        loop.register(listener.fd(), this::acceptConnection);
        table.onExit((worker, exit) -> workerExited());
        enter(State.SERVING);
        handler.printBanner(listener.address());
        notifier.ready();
        reportStatus();
    }

    /**
     * Serves until {@link ServiceHandler#shouldExit} or {@link #stop}, then drains: what had
     * connected before is served if the socket is this service's own, and all workers are waited
     * for. Nobody is killed.
     *
     * @throws IOException an error of the loop itself or of the reaper; the service has stopped to
     *     listen, and workers are not waited for, since they cannot be
     */
    public Outcome run() throws IOException {
        try {
            mainLoop();
        } catch (IOException | RuntimeException e) {
            abandoned = true;
            throw e;
        } finally {
            drain();
        }
        return isAnybodyLeft() ? Outcome.ABANDONED : Outcome.DRAINED;
    }

    private boolean isAnybodyLeft() {
        return !table.isEmpty() || source.waiting() > 0;
    }

    /** Has the service drain and {@link #run} return. */
    public void stop() {
        stopping = true;
        loop.post(() -> {}); // wakes it
    }

    /** Ends the wait of a drain: {@link #run} returns, and the workers go on without a parent. */
    public void abandon() {
        loop.post(() -> abandoned = true);
    }

    private void mainLoop() throws IOException {
        nextPoll = ticker.nanoTime();
        while (!stopping) {
            if (ticker.nanoTime() - nextPoll >= 0) {
                poll();
            } else {
                loop.runOnce(Duration.ofNanos(nextPoll - ticker.nanoTime()));
            }
        }
    }

    /** What is done once per poll interval. */
    private void poll() {
        nextPoll = ticker.nanoTime() + handler.pollInterval().toNanos();
        hello.releaseAnswered();
        resumeAccepting(); // should no exit do it
        if (handler.shouldExit()) {
            stopping = true;
        }
    }

    private void acceptConnection() {
        if (stopping) {
            return; // a signal came first: the queue is the drain's, or the next instance's
        }
        try {
            Connection connection = hasRoom() ? listener.accept() : null;
            if (connection != null) {
                serve(connection);
            }
            if (!hasRoom()) {
                log.debug("{} connections: others wait", table.busy());
                pauseAccepting();
            }
        } catch (IOException e) {
            // out of descriptors, as a rule: the queue is intact, so wait for better times
            log.warn("cannot accept connections for now: {}", e.getMessage());
            pauseAccepting();
            loop.after(ACCEPT_AGAIN, this::resumeAccepting);
        }
    }

    private boolean hasRoom() {
        return table.busy() + source.waiting() < handler.maxWorkers();
    }

    private void pauseAccepting() {
        acceptPaused = true;
        loop.unregister(listener.fd());
    }

    private void resumeAccepting() {
        if (acceptPaused && hasRoom() && state == State.SERVING) {
            acceptPaused = false;
            loop.register(listener.fd(), this::acceptConnection);
        }
    }

    private void workerExited() {
        resumeAccepting();
        reportStatus();
    }

    private void serve(Connection connection) {
        try {
            handler.newConnection(connection.peer());
            source.serve(connection, handler.createCmdServer(connection.peer()));
            reportStatus();
        } catch (RuntimeException e) { // a handler's own; the connection is still this method's
            log.error("the handler failed for {}", connection.peer(), e);
            hello.refuse(connection, "internal error: " + e);
        }
    }

    private void drain() throws IOException {
        enter(State.DRAINING);
        notifier.stopping();
        log.info("stopping; waiting for {} workers", table.busy());
        try {
            stopListening();
            source.drain();
            reportStatus();
            while (isAnybodyLeft() && !abandoned) {
                loop.runOnce(handler.pollInterval());
                hello.releaseAnswered();
            }
        } finally {
            if (isAnybodyLeft()) {
                log.warn("not waiting any longer; {} workers go on by themselves", table.size());
            }
            enter(State.STOPPED);
            close();
        }
    }

    private void close() {
        table.close();
        hello.close();
        loop.close();
        notifier.close();
    }

    /**
     * Ends the listener without losing a client. In the order of Mercurial's main loop: clients can
     * no longer connect once the path is gone, those that are queued are handled, since they would
     * get ECONNRESET otherwise, and then the socket is closed.
     */
    private void stopListening() throws IOException {
        loop.unregister(listener.fd());
        try {
            handler.unlinkSocket(listener);
        } catch (IOException | RuntimeException e) { // of the file system, or a handler's own
            log.warn("cannot remove the socket {}: {}", listener.address(), e.toString());
        }
        if (listener.refuseNewConnections()) {
            serveQueue();
        }
        try {
            listener.release();
        } catch (IOException e) {
            log.warn("cannot close the socket {}: {}", listener.address(), e.getMessage());
        }
    }

    private void serveQueue() throws IOException {
        boolean empty = false;
        while (!empty && !abandoned) {
            try {
                while (!hasRoom() && !abandoned) {
                    loop.runOnce(handler.pollInterval());
                }
                Connection connection = listener.accept();
                empty = connection == null;
                if (!empty) {
                    serve(connection);
                }
            } catch (IOException e) {
                log.warn("cannot accept queued connections for now: {}", e.getMessage());
                loop.runOnce(handler.pollInterval()); // a worker's exit frees a descriptor
            }
        }
    }

    private void reportStatus() {
        String waiting = state == State.DRAINING ? "Stopping, waiting for " : "";
        int n = table.busy();
        notifier.status(waiting + n + (n == 1 ? " connection" : " connections"));
    }

    private void enter(State next) {
        log.debug("service {} -> {}", state, next);
        state = next;
    }
}
