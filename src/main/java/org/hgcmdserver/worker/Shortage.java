package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.PosixException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A time in which something fails because the system is short of descriptors, processes or memory.
 * It passes without anybody's doing, so what failed is tried again: when a worker exits, which
 * frees some of each, and after a pause. The log tells of its beginning and of its end, once each,
 * however often it fails, and succeeds, in between: at the very limit both take turns. Used in the
 * loop's thread only.
 */
public final class Shortage {

    /** After which what failed is tried again, if no worker exits before. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** How long nothing may have failed until it is over. */
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
     * @param activity what it hinders, such as "accept connections"
     * @param retry tries that again
     */
    public Shortage(EventLoop loop, String activity, EventLoop.Action retry) {
        this.loop = loop;
        this.activity = activity;
        retryTimer = loop.timer(retry);
        endTimer = loop.timer(this::logEnd);
    }

    /** Whether {@code failure} is one that passes. */
    public static boolean isCauseOf(IOException failure) {
        return failure instanceof PosixException posix && posix.isShortage();
    }

    /** It has failed, and is tried again after a pause. */
    public void noticed(String reason) {
        if (!logged) {
            log.warn("cannot {} for now, and will try again: {}", activity, reason);
        }
        logged = true;
        present = true;
        lastFailure = loop.nanoTime();
        retryTimer.startIfStopped(PAUSE);
    }

    /** It has succeeded, or there is nothing left to try. */
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

    /** Whether it was the last thing to happen: then there is no use in trying before the pause. */
    public boolean isPresent() {
        return present;
    }
}
