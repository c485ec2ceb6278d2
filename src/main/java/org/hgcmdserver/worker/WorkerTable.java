package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is alive and in which state, and the daemon's handles of the connections that are served: a
 * client sees the end of its connection when both its worker and this table have let it go, and a
 * connection can be ended from here between two requests. Used in the loop's thread only; exits are
 * posted to the loop, so that none can overtake the entry of a worker that was started here. A
 * worker that a template started announces itself, and may be gone by then: such exits are kept
 * while one is expected.
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

    /** How long what serves nobody may take to end. */
    private static final Duration LEFTOVER_TIME = Duration.ofSeconds(10);

    private record Helper(boolean awaited, ExitListener<Integer> onExit) {}

    private record Unclaimed(Exit exit, long nanos) {}

    private final EventLoop loop;
    private final Map<Integer, Worker> workers = new LinkedHashMap<>();
    private final Map<Integer, Helper> helpers = new HashMap<>();
    private final List<ExitListener<Worker>> exitListeners = new ArrayList<>();

    /** Exits of unknown processes, while a worker is expected. */
    private final Map<Integer, Unclaimed> unclaimedExits = new HashMap<>();

    private final Reaper reaper;
    private int expected;
    private int busy;
    private boolean finishing;

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

    /** Enters a worker that was just started for a connection, and takes the connection over. */
    public Worker add(int pid, Connection connection) {
        Worker worker = enter(pid);
        assign(worker, connection);
        return worker;
    }

    /**
     * Enters a busy worker that an earlier image of this process has started.
     *
     * @param since when it got that, as {@link System#nanoTime}
     */
    public Worker adopt(int pid, Worker.State state, Connection connection, long since) {
        Worker worker = new Worker(pid);
        workers.put(pid, worker);
        worker.assign(connection, since);
        worker.enter(state);
        busy++;
        log.debug("worker process (pid={}) is still there", pid);
        reaper.childStarted();
        if (!Child.isChild(pid)) { // it ended, and was waited for, before this image could
            loop.post(() -> exited(Exit.unknown(pid)));
        }
        return worker;
    }

    /** Waits for a process that an earlier image of this one has told to end, or has it killed. */
    public void addLeftover(int pid) {
        if (Child.isChild(pid)) {
            addHelper(pid, false, (p, exit) -> log.debug("leftover process exited (pid={})", pid));
            loop.after(
                    LEFTOVER_TIME,
                    () -> {
                        if (helpers.containsKey(pid)) {
                            log.warn("process (pid={}) does not end; killing it", pid);
                            Child.kill(pid);
                        }
                    });
        }
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

    /**
     * Enters a process that is no worker.
     *
     * @param awaited whether {@link #isEmpty} counts it
     */
    public void addHelper(int pid, boolean awaited, ExitListener<Integer> onExit) {
        helpers.put(pid, new Helper(awaited, onExit));
        reaper.childStarted();
    }

    private Worker enter(int pid) {
        Worker worker = new Worker(pid);
        workers.put(pid, worker);
        reaper.childStarted();
        log.debug("forked worker process (pid={})", pid);
        return worker;
    }

    /** It has been given a connection, of which the daemon's handle is the table's from now on. */
    public void assign(Worker worker, Connection connection) {
        log.debug("worker process (pid={}) is for {}", worker.pid(), connection.peer());
        worker.assign(connection, loop.nanoTime());
        worker.enter(Worker.State.STARTING);
        busy++;
        if (finishing) {
            UnixSocket.endInput(connection.fd());
        }
    }

    /**
     * Ends each connection, now and from now on, between two requests: what has been asked is
     * answered, and then the worker reads the end of file. Nobody is killed.
     */
    public void finish() {
        finishing = true;
        for (Worker worker : workers.values()) {
            if (worker.connection() != null && worker.connection().hasHandle()) {
                UnixSocket.endInput(worker.connection().fd());
            }
        }
    }

    /** The workers that have a connection, the oldest first. */
    public List<Worker> busyWorkers() {
        return workers.values().stream()
                .filter(worker -> worker.state() != Worker.State.IDLE)
                .sorted(Comparator.comparingLong(Worker::since))
                .toList();
    }

    /** The processes that have no connection. */
    public List<Integer> otherProcesses() {
        List<Integer> pids = new ArrayList<>(helpers.keySet());
        workers.values().stream()
                .filter(worker -> worker.state() == Worker.State.IDLE)
                .forEach(worker -> pids.add(worker.pid()));
        return pids;
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
        return workers.isEmpty()
                && helpers.values().stream().noneMatch(Helper::awaited)
                && expected == 0;
    }

    private void exited(Exit exit) throws IOException {
        Worker worker = workers.remove(exit.pid());
        Helper helper = helpers.remove(exit.pid());
        if (worker != null) {
            exited(worker, exit);
        } else if (helper != null) {
            helper.onExit().exited(exit.pid(), exit);
        } else {
            log.debug("process exited (pid={}, {}), not a worker", exit.pid(), exit.description());
            if (expected > 0) {
                long now = loop.nanoTime();
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
        try {
            for (ExitListener<Worker> listener : exitListeners) {
                listener.exited(worker, exit);
            }
        } finally {
            if (worker.connection() != null) {
                worker.connection().release();
            }
        }
    }

    /**
     * Ends the reaper. Children that are left stay children, and nobody waits for them any more.
     */
    public void close() {
        reaper.stop();
    }
}
