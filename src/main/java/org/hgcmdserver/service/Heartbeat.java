package org.hgcmdserver.service;

import java.time.Duration;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.posix.EventLoop;

/**
 * What the service manager wants to hear again and again, from timers of the loop: so that it
 * notices a service whose loop is stuck. Used in the loop's thread only.
 */
final class Heartbeat {

    /** How often a drain asks for more time, and for how much. */
    private static final Duration EXTEND_EVERY = Duration.ofSeconds(10);

    private static final Duration EXTENSION = Duration.ofSeconds(60);

    private final EventLoop loop;
    private final Notifier notifier;

    Heartbeat(EventLoop loop, Notifier notifier) {
        this.loop = loop;
        this.notifier = notifier;
    }

    /** Pings the watchdog, if there is one, from now on (sd_watchdog_enabled(3)). */
    void begin() {
        // three times as often as is wanted: a late one is no reason to kill the service
        notifier.watchdogInterval().ifPresent(interval -> ping(interval.dividedBy(3)));
    }

    private void ping(Duration pause) {
        notifier.watchdog();
        loop.after(pause, () -> ping(pause));
    }

    /**
     * Asks for more time from now on: workers may take as long as they need, and the service
     * manager is not to kill any.
     */
    void extendStop() {
        notifier.extendTimeout(EXTENSION);
        loop.after(EXTEND_EVERY, this::extendStop);
    }
}
