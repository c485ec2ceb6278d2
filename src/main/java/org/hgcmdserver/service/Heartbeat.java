package org.hgcmdserver.service;

import java.time.Duration;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.posix.EventLoop;

/**
 * Sends the service manager its periodic messages, from timers of the loop, so that the service
 * manager notices a service whose loop is stuck. Used in the loop's thread only.
 */
final class Heartbeat {

    /** How often a drain asks for more time; {@link #EXTENSION} says how much. */
    private static final Duration EXTEND_EVERY = Duration.ofSeconds(10);

    private static final Duration EXTENSION = Duration.ofSeconds(60);

    private final EventLoop loop;
    private final Notifier notifier;

    Heartbeat(EventLoop loop, Notifier notifier) {
        this.loop = loop;
        this.notifier = notifier;
    }

    /** Starts to ping the watchdog, if there is one (sd_watchdog_enabled(3)). */
    void begin() {
        // three times as often as required: a late ping must not get the service killed
        notifier.watchdogInterval().ifPresent(interval -> ping(interval.dividedBy(3)));
    }

    private void ping(Duration pause) {
        notifier.watchdog();
        loop.after(pause, () -> ping(pause));
    }

    /**
     * Starts to ask for more time: workers may take as long as they need, and the service manager
     * must not kill them.
     */
    void extendStop() {
        notifier.extendTimeout(EXTENSION);
        loop.after(EXTEND_EVERY, this::extendStop);
    }
}
