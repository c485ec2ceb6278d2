package org.hgcmdserver.worker;

import java.io.IOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers, their states, and the daemon's handles of their connections: a client sees the end
 * of its connection when both the worker and this process have released it, and the table can end a
 * connection between two requests. Used in the loop's thread only.
 */
public final class WorkerTable {

    /** The service: the only receiver of a worker's events, in the loop's thread. */
    public interface Listener {
        /** A worker has received a connection. */
        void workerAssigned(Worker worker);

        /** A stuck worker has not taken its connection, which another worker gets. */
        default void workerWithdrawn(Connection connection) {}

        /** The connection of a stuck worker cannot be served: its client is to read the reason. */
        default void refuse(Connection connection, String reason) {}

        /** A worker has exited. The listener releases the worker's connection, if any. */
        void workerExited(Worker worker, Exit exit) throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(WorkerTable.class);

    private final EventLoop loop;
    private final Children children;
    private final Listener listener;
    private final Map<Integer, Worker> workers = new LinkedHashMap<>();
    private int busy;
    private boolean finishing;

    public WorkerTable(EventLoop loop, Children children, Listener listener) {
        this.loop = loop;
        this.children = children;
        this.listener = listener;
    }

    /** Enters a worker that was just started for a connection, and takes the connection over. */
    public Worker add(int pid, Connection connection) {
        Worker worker = enter(pid);
        children.add(pid, exit -> exited(worker, exit));
        assign(worker, connection);
        return worker;
    }

    /**
     * Enters a busy worker that an earlier image of this process started.
     *
     * @param since when the worker got the connection, as {@link System#nanoTime}
     */
    public Worker adopt(int pid, Worker.State state, Connection connection, long since) {
        Worker worker = new Worker(pid);
        workers.put(pid, worker);
        worker.assign(connection, since);
        worker.enter(state);
        busy++;
        log.debug("worker process (pid={}) is still there", pid);
        children.adopt(pid, exit -> exited(worker, exit));
        return worker;
    }

    /**
     * Enters an idle worker that has announced itself, whether or not the worker is still alive;
     * see {@link Children#expect}.
     */
    public Worker addExpected(int pid) {
        Worker worker = enter(pid);
        children.addExpected(pid, exit -> exited(worker, exit));
        return worker;
    }

    private Worker enter(int pid) {
        Worker worker = new Worker(pid);
        workers.put(pid, worker);
        log.debug("forked worker process (pid={})", pid);
        return worker;
    }

    /** The worker has the connection; the table takes over the daemon's handle of it. */
    public void assign(Worker worker, Connection connection) {
        log.debug("worker process (pid={}) is for {}", worker.pid(), connection.peer());
        worker.assign(connection, loop.nanoTime());
        worker.enter(Worker.State.STARTING);
        busy++;
        if (finishing) {
            finish(worker);
        }
        listener.workerAssigned(worker);
    }

    /** Takes its connection back from a worker that has not taken it, and will not. */
    public Connection takeBack(Worker worker) {
        Connection connection = worker.connection();
        worker.assign(null, 0);
        worker.enter(Worker.State.IDLE);
        busy--;
        listener.workerWithdrawn(connection);
        return connection;
    }

    /** See {@link Listener#refuse}. */
    public void refuse(Connection connection, String reason) {
        listener.refuse(connection, reason);
    }

    /**
     * Ends each present and later connection between two requests: the worker answers the requests
     * it has received, and then reads the end of file. No worker is killed. A connection of chg
     * lasts for one command anyway, whose editor or pager reports over it; the command may be a
     * command server, which ends after a signal. Can be called repeatedly, since that signal is
     * lost before the command server starts.
     */
    public void finish() {
        finishing = true;
        for (Worker worker : workers.values()) {
            if (worker.connection() != null && worker.connection().hasHandle()) {
                finish(worker);
            }
        }
    }

    /** Whether {@link #finish} has been called. */
    public boolean isFinishing() {
        return finishing;
    }

    private static void finish(Worker worker) {
        if (worker.peer().isOwnChg()) {
            Child.requestFinish(worker.pid());
        } else {
            UnixSocket.endInput(worker.connection().fd());
        }
    }

    /** The workers that have a connection, the oldest first. */
    public List<Worker> busyWorkers() {
        return workers.values().stream()
                .filter(worker -> worker.state() != Worker.State.IDLE)
                .sorted(Comparator.comparingLong(Worker::since))
                .toList();
    }

    /** The worker's client has read the hello. */
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

    private void exited(Worker worker, Exit exit) throws IOException {
        workers.remove(worker.pid());
        if (worker.state() != Worker.State.IDLE) {
            busy--;
        }
        worker.enter(Worker.State.EXITED);
        if (exit.bySignal()) {
            log.warn("worker process (pid={}) was {}", exit.pid(), exit.description());
        } else {
            log.debug("worker process exited (pid={}, {})", exit.pid(), exit.description());
        }
        listener.workerExited(worker, exit);
    }
}
