package org.hgcmdserver.worker;

import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.MessageLine;

/** A worker process, as the {@link WorkerTable} knows it. Used in the loop's thread only. */
public final class Worker {

    /** A worker's life; {@link WorkerTable} makes the transitions. */
    public enum State {
        /** It waits for a connection. */
        IDLE,
        /** It has its connection and has not said hello yet, as far as is known. */
        STARTING,
        /** Its client has read the hello. */
        SERVING,
        /** It is gone and has been waited for. */
        EXITED
    }

    private final int pid;
    private State state = State.IDLE;

    /** The daemon's handle of what the worker serves. */
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

    /** What it serves; null while it is idle. */
    public Connection connection() {
        return connection;
    }

    /** The client it serves; null if there is none. */
    public Peer peer() {
        return connection == null ? null : connection.peer();
    }

    /** The worker reports over {@code line}, which stays its receiver's to close. */
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

    /** When it got its connection, as {@link System#nanoTime}. */
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
