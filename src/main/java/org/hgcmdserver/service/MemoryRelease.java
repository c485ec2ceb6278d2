package org.hgcmdserver.service;

import java.time.Duration;
import org.hgcmdserver.posix.EventLoop;

/**
 * Gives memory that the start or a busy time has used back to the system, once that is over. Used
 * in the loop's thread only.
 */
final class MemoryRelease {

    /** How long no connection must come: giving back takes some 10 ms. */
    static final Duration QUIET = Duration.ofSeconds(10);

    private final EventLoop loop;
    private final Runnable release;

    /** The number of connections at the last look. */
    private long connections;

    private long quietSince;
    private boolean released;

    /**
     * @param release gives the memory back
     */
    MemoryRelease(EventLoop loop, Runnable release) {
        this.loop = loop;
        this.release = release;
        quietSince = loop.nanoTime();
    }

    /**
     * Called once per poll interval.
     *
     * @param connections the number of connections so far
     */
    void look(long connections) {
        if (connections != this.connections) {
            this.connections = connections;
            quietSince = loop.nanoTime();
            released = false;
        } else if (!released && loop.since(quietSince).compareTo(QUIET) >= 0) {
            released = true;
            release.run();
        }
    }
}
