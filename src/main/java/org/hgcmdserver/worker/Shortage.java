package org.hgcmdserver.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import jnr.constants.platform.Errno;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.PosixException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A time in which something fails because the system is short of descriptors, processes or memory.
 * It passes without anybody's doing, so what failed is tried again: when a worker exits, which
 * frees some of each, and after a pause. The log tells of its beginning and of its end, once each,
 * however often it fails in between. Used in the loop's thread only.
 */
public final class Shortage {

    /** After which what failed is tried again, if no worker exits before. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /**
     * The errors of accept(2), fork(2), posix_spawn(3), socketpair(2), sendmsg(2) and epoll_ctl(2)
     * that are no fault of the call: ENOSPC is the limit of epoll's watches and of process ids,
     * ETOOMANYREFS that of descriptors on their way between processes.
     */
    private static final Set<Errno> ERRORS =
            EnumSet.of(
                    Errno.EMFILE,
                    Errno.ENFILE,
                    Errno.EAGAIN,
                    Errno.ENOMEM,
                    Errno.ENOBUFS,
                    Errno.ENOSPC,
                    Errno.ETOOMANYREFS);

    private static final Logger log = LoggerFactory.getLogger(Shortage.class);

    private final EventLoop loop;
    private final String activity;
    private final EventLoop.Action retry;
    private boolean present;
    private boolean retryScheduled;

    /**
     * @param activity what it hinders, such as "accept connections"
     * @param retry tries that again
     */
    public Shortage(EventLoop loop, String activity, EventLoop.Action retry) {
        this.loop = loop;
        this.activity = activity;
        this.retry = retry;
    }

    /** Whether {@code failure} is one that passes. */
    public static boolean isCauseOf(IOException failure) {
        return failure instanceof PosixException posix && ERRORS.contains(posix.errno());
    }

    /** It has failed, and is tried again after a pause. */
    public void noticed(String reason) {
        if (!present) {
            log.warn("cannot {} for now, and will try again: {}", activity, reason);
        }
        present = true;
        if (!retryScheduled) {
            retryScheduled = true;
            loop.after(
                    PAUSE,
                    () -> {
                        retryScheduled = false;
                        retry.run();
                    });
        }
    }

    /** It has succeeded. */
    public void over() {
        if (present) {
            log.info("can {} again", activity);
        }
        present = false;
    }

    public boolean isPresent() {
        return present;
    }
}
