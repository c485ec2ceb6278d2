package org.hgcmdserver.service;

import java.time.Duration;
import org.hgcmdserver.posix.EventLoop;

/**
 * Work that the start or a busy time leaves behind, and that no client is to wait for: it is done
 * once when that time is over. Used in the loop's thread only.
 */
final class QuietTime {

    private final EventLoop loop;
    private final Duration length;
    private final Runnable work;

    /** The number of connections at the last look. */
    private long connections;

    private long quietSince;
    private boolean done;

    /**
     * @param length how long no connection has come when the work is done
     */
    QuietTime(EventLoop loop, Duration length, Runnable work) {
        this.loop = loop;
        this.length = length;
        this.work = work;
        quietSince = loop.nanoTime();
    }

    /** The time has not been quiet. */
    void beginAnew() {
        quietSince = loop.nanoTime();
        done = false;
    }

    /**
     * Called once per poll interval.
     *
     * @param connections the number of connections so far
     */
    void look(long connections) {
        if (connections != this.connections) {
            this.connections = connections;
            beginAnew();
        } else if (!done && loop.since(quietSince).compareTo(length) >= 0) {
            done = true;
            work.run();
        }
    }
}
