package org.hgcmdserver.worker;

import org.hgcmdserver.listener.Peer;

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
    private Peer peer;
    private State state = State.IDLE;

    Worker(int pid) {
        this.pid = pid;
    }

    /** The process id, which is its process group's id too. */
    public int pid() {
        return pid;
    }

    /** The client it serves; null while it is idle. */
    public Peer peer() {
        return peer;
    }

    public State state() {
        return state;
    }

    void assign(Peer client) {
        peer = client;
    }

    void enter(State next) {
        state = next;
    }
}
