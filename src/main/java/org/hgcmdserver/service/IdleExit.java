package org.hgcmdserver.service;

import java.time.Duration;
import org.hgcmdserver.posix.Ticker;

/** Tells when a service has been without a connection for so long that it can go to sleep. */
final class IdleExit {

    private final long limitNanos;
    private final Ticker ticker;
    private int connections;
    private long idleSince;

    IdleExit(Duration limit, Ticker ticker) {
        this.limitNanos = limit.toNanos();
        this.ticker = ticker;
        begin();
    }

    /** From now on clients can connect. */
    void begin() {
        idleSince = ticker.nanoTime();
    }

    void connectionBegan() {
        connections++;
    }

    void connectionEnded() {
        connections--;
        idleSince = ticker.nanoTime();
    }

    boolean isDue() {
        return connections == 0 && ticker.nanoTime() - idleSince >= limitNanos;
    }
}
