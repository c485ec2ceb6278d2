package org.hgcmdserver.worker;

import org.hgcmdserver.listener.Peer;

/** A worker process, as the {@link WorkerTable} knows it. Used in the loop's thread only. */
public final class Worker {

    /** A worker's life; {@link WorkerTable} makes the transitions. */
    public enum State {
        /** It has its connection and has not said hello yet, as far as is known. */
        STARTING,
        /** Its client has read the hello. */
        SERVING,
        /** It is gone and has been waited for. */
        EXITED
    }

    private final int pid;
    private final Peer peer;
    private State state = State.STARTING;

    Worker(int pid, Peer peer) {
        this.pid = pid;
        this.peer = peer;
    }

    /** The process id, which is its process group's id too. */
    public int pid() {
        return pid;
    }

    /** The client it serves. */
    public Peer peer() {
        return peer;
    }

    public State state() {
        return state;
    }

    void enter(State next) {
        state = next;
    }
}
