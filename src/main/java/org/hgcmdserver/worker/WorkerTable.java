package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is alive and in which state. Used in the loop's thread only; exits are posted to the loop, so
 * that none can overtake the entry of a worker that was started here. A worker that a template
 * started announces itself, and may be gone by then: such exits are kept while one is expected.
 */
public final class WorkerTable {

    /** Is told when a process is gone. */
    public interface ExitListener<P> {
        void exited(P process, Exit exit) throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(WorkerTable.class);

    /**
     * A worker's exit overtakes its announcement by much less; a pid is used anew after much more.
     */
    private static final Duration CLAIM_TIME = Duration.ofSeconds(2);

    private record Unclaimed(Exit exit, long nanos) {}

    private final EventLoop loop;
    private final Map<Integer, Worker> workers = new LinkedHashMap<>();
    private final Map<Integer, ExitListener<Integer>> helpers = new HashMap<>();
    private final List<ExitListener<Worker>> exitListeners = new ArrayList<>();

    /** Exits of unknown processes, while a worker is expected. */
    private final Map<Integer, Unclaimed> unclaimedExits = new HashMap<>();

    private final Reaper reaper;
    private int expected;
    private int busy;

    /** Starts the reaper. */
    public WorkerTable(EventLoop loop) {
        this.loop = loop;
        reaper =
                new Reaper(
                        exit -> loop.post(() -> exited(exit)),
                        failure ->
                                loop.post(
                                        () -> {
                                            throw failure; // ends the service
                                        }));
        reaper.start();
    }

    public void onExit(ExitListener<Worker> listener) {
        exitListeners.add(listener);
    }

    /** Enters a worker that was just started for a connection. */
    public Worker add(int pid, Peer peer) {
        Worker worker = enter(pid);
        assign(worker, peer);
        return worker;
    }

    /** A worker will be entered by {@link #addExpected}, or will not come: {@link #unexpect}. */
    public void expect() {
        expected++;
    }

    /** Enters an idle worker that has announced itself, whether or not it still lives. */
    public Worker addExpected(int pid) {
        Worker worker = enter(pid);
        Unclaimed unclaimed = unclaimedExits.remove(pid);
        if (unclaimed != null) {
            loop.post(() -> exited(unclaimed.exit));
        }
        unexpect();
        return worker;
    }

    public void unexpect() {
        expected--;
        if (expected == 0) {
            unclaimedExits.clear(); // before their pids are given to others
        }
    }

    /** Enters a process that is no worker, but is waited for like one. */
    public void addHelper(int pid, ExitListener<Integer> onExit) {
        helpers.put(pid, onExit);
        reaper.childStarted();
    }

    private Worker enter(int pid) {
        Worker worker = new Worker(pid);
        workers.put(pid, worker);
        reaper.childStarted();
        log.debug("forked worker process (pid={})", pid);
        return worker;
    }

    /** It has been given a connection. */
    public void assign(Worker worker, Peer peer) {
        log.debug("worker process (pid={}) is for {}", worker.pid(), peer);
        worker.assign(peer);
        worker.enter(Worker.State.STARTING);
        busy++;
    }

    /** Its client has read the hello. */
    void saidHello(Worker worker) {
        if (worker.state() == Worker.State.STARTING) {
            worker.enter(Worker.State.SERVING);
        }
    }

    /** The number of workers that have a connection. */
    public int busy() {
        return busy;
    }

    /** The number of all workers. */
    public int size() {
        return workers.size();
    }

    /** Whether there is nobody left to wait for. */
    public boolean isEmpty() {
        return workers.isEmpty() && helpers.isEmpty() && expected == 0;
    }

    private void exited(Exit exit) throws IOException {
        Worker worker = workers.remove(exit.pid());
        ExitListener<Integer> helper = helpers.remove(exit.pid());
        if (worker != null) {
            exited(worker, exit);
        } else if (helper != null) {
            helper.exited(exit.pid(), exit);
        } else {
            log.debug("process exited (pid={}, {}), not a worker", exit.pid(), exit.description());
            if (expected > 0) {
                long now = System.nanoTime();
                unclaimedExits.values().removeIf(u -> now - u.nanos > CLAIM_TIME.toNanos());
                unclaimedExits.put(exit.pid(), new Unclaimed(exit, now));
            }
        }
    }

    private void exited(Worker worker, Exit exit) throws IOException {
        if (worker.state() != Worker.State.IDLE) {
            busy--;
        }
        worker.enter(Worker.State.EXITED);
        if (exit.bySignal()) {
            log.warn("worker process (pid={}) was {}", exit.pid(), exit.description());
        } else {
            log.debug("worker process exited (pid={}, {})", exit.pid(), exit.description());
        }
        for (ExitListener<Worker> listener : exitListeners) {
            listener.exited(worker, exit);
        }
    }

    /**
     * Ends the reaper. Children that are left stay children, and nobody waits for them any more.
     */
    public void close() {
        reaper.stop();
    }
}
