package org.hgcmdserver.host;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;

/**
 * Writes in another thread, so that a reader who lets the log's pipe fill up does not hold up the
 * daemon. When the queue is full the appender counts the events that it drops, and logs their
 * number before the next event that fits.
 */
final class NonBlockingAppender extends AsyncAppender {

    /** The capacity, in events. */
    private static final int QUEUE = 1000;

    /** How long the program waits for the log's reader before it exits or execs its next image. */
    private static final int LONGEST_FLUSH = 1000; // milliseconds

    private int lost;

    NonBlockingAppender() {
        setQueueSize(QUEUE);
        setDiscardingThreshold(0); // events below a warning matter too
        setNeverBlock(true);
        setMaxFlushTime(LONGEST_FLUSH);
    }

    @Override
    protected synchronized void append(ILoggingEvent event) {
        if (getRemainingCapacity() < 2) {
            lost++;
            return;
        }
        if (lost > 0) {
            super.append(lostEvents());
            lost = 0;
        }
        super.append(event);
    }

    private LoggingEvent lostEvents() {
        Logger logger = ((LoggerContext) getContext()).getLogger(NonBlockingAppender.class);
        String message = "{} lines of the log are lost: the reader is too slow";
        return new LoggingEvent(
                getClass().getName(), logger, Level.WARN, message, null, new Object[] {lost});
    }
}
