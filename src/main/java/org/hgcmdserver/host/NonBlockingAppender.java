package org.hgcmdserver.host;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;

/**
 * Has another thread write, so that one who does not read the log, and lets its pipe fill up, holds
 * up nobody. When there is no place left for events they are counted, and the number goes before
 * the first event that finds a place again.
 */
final class NonBlockingAppender extends AsyncAppender {

    /** In events. */
    private static final int QUEUE = 1000;

    /** How long the end of the program, or of this image of it, waits for the log's reader. */
    private static final int LONGEST_FLUSH = 1000; // milliseconds

    private int lost;

    NonBlockingAppender() {
        setQueueSize(QUEUE);
        setDiscardingThreshold(0); // what is no warning matters too
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
        String message = "{} lines of the log are lost: nobody has read it";
        return new LoggingEvent(
                getClass().getName(), logger, Level.WARN, message, null, new Object[] {lost});
    }
}
