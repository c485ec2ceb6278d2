package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.PosixException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A period in which an activity fails because the system is short of descriptors, processes or
 * memory. A shortage passes by itself, so the activity is retried: when a worker exits, which frees
 * some of each, and after a pause. The log reports the beginning and the end of a shortage once
 * each, however often the activity fails and succeeds in between: at the very limit failures and
 * successes alternate. Used in the loop's thread only.
 */
public final class Shortage {

    /** How long until the retry, if no worker exits before. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** How long the activity must not have failed until the shortage is over. */
    private static final Duration QUIET = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(Shortage.class);

    private final EventLoop loop;
    private final String activity;
    private boolean present;
    private boolean logged;
    private long lastFailure;
    private final EventLoop.Timer retryTimer;
    private final EventLoop.Timer endTimer;

    /**
     * @param activity what a shortage prevents, such as "accept connections"
     * @param retry retries the activity
     */
    public Shortage(EventLoop loop, String activity, EventLoop.Action retry) {
        this.loop = loop;
        this.activity = activity;
        retryTimer = loop.timer(retry);
        endTimer = loop.timer(this::logEnd);
    }

    /** Whether a shortage caused {@code failure}. */
    public static boolean isCauseOf(IOException failure) {
        return failure instanceof PosixException posix && posix.isShortage();
    }

    /** The activity has failed; the retry follows after a pause. */
    public void noticed(String reason) {
        if (!logged) {
            log.warn("cannot {} for now, and will try again: {}", activity, reason);
        }
        logged = true;
        present = true;
        lastFailure = loop.nanoTime();
        retryTimer.startIfStopped(PAUSE);
    }

    /** The activity has succeeded, or there is nothing left to retry. */
    public void over() {
        present = false;
        if (logged) {
            endTimer.startIfStopped(QUIET);
        }
    }

    private void logEnd() {
        if (loop.since(lastFailure).compareTo(QUIET) >= 0 && !present) {
            log.info("can {} again", activity);
            logged = false;
        } else if (!present) {
            over();
        }
    }

    /** Whether the last attempt failed: then another attempt before the pause is useless. */
    public boolean isPresent() {
        return present;
    }
}
