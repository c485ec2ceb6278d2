package org.hgcmdserver.worker.prefork;

import java.time.Duration;

/** How long to wait before a template is restarted: longer each time the template ends young. */
final class RestartBackoff {

    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    /** A template that lived this long may be replaced at once. */
    private static final Duration GROWN_UP = Duration.ofSeconds(30);

    private Duration next = Duration.ZERO;

    /**
     * @param lived for how long the template that has ended was ready
     */
    Duration after(Duration lived) {
        if (lived.compareTo(GROWN_UP) >= 0) {
            next = Duration.ZERO;
        }
        Duration pause = next;
        next = pause.isZero() ? FIRST : min(pause.multipliedBy(2), LONGEST);
        return pause;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
