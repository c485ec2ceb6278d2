package org.hgcmdserver.service;

import java.time.Duration;
import org.hgcmdserver.posix.Ticker;

/** Decides whether a service has had no connection for so long that the service can exit. */
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

    /** The idle time begins: clients can connect. */
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
