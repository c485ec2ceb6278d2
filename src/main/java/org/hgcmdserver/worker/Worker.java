package org.hgcmdserver.worker;

import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.MessageLine;

/** A worker process, as the {@link WorkerTable} knows it. Used in the loop's thread only. */
public final class Worker {

    /** A worker's life; {@link WorkerTable} makes the transitions. */
    public enum State {
        /** The worker waits for a connection. */
        IDLE,
        /** The worker has its connection and has not said hello, as far as the daemon knows. */
        STARTING,
        /** The worker's client has read the hello. */
        SERVING,
        /** The worker is gone and has been waited for. */
        EXITED
    }

    private final int pid;
    private State state = State.IDLE;

    /** The daemon's handle of the worker's connection. */
    private Connection connection;

    private long since;

    /** The daemon's end of the line over which the worker reports; null without one. */
    private MessageLine line;

    Worker(int pid) {
        this.pid = pid;
    }

    /** The process id, which is its process group's id too. */
    public int pid() {
        return pid;
    }

    /** The worker's connection; null while the worker is idle. */
    public Connection connection() {
        return connection;
    }

    /** The worker's client; null if there is none. */
    public Peer peer() {
        return connection == null ? null : connection.peer();
    }

    /** The worker reports over {@code reports}, which the line's receiver closes. */
    public void reportsOver(MessageLine reports) {
        line = reports;
    }

    /** The descriptor of the line over which the worker reports; -1 without one. */
    public int line() {
        return line == null ? -1 : line.fd();
    }

    public State state() {
        return state;
    }

    /** When the worker got its connection, as {@link System#nanoTime}. */
    public long since() {
        return since;
    }

    void assign(Connection assigned, long nanoTime) {
        connection = assigned;
        since = nanoTime;
    }

    void enter(State next) {
        state = next;
    }
}
