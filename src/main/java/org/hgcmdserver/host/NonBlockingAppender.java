package org.hgcmdserver.host;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Writes in another thread, so that a reader who lets the log's pipe fill up does not hold up the
 * daemon. When the queue is full the appender counts the events that it drops, and logs their
 * number before the next event that fits. Not logback's AsyncAppender: its start concatenates
 * strings in a way that the JVM links at run time, which slows the daemon's start.
 */
final class NonBlockingAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {

    /** The capacity, in events. */
    private static final int QUEUE = 1000;

    /** How long the program waits for the log's reader before it exits or execs its next image. */
    private static final int LONGEST_FLUSH = 1000; // milliseconds

    private final BlockingQueue<ILoggingEvent> queue = new ArrayBlockingQueue<>(QUEUE);
    private final Appender<ILoggingEvent> destination;
    private final Thread writer = new Thread(this::write, "log writer");
    private int lost;

    /**
     * @param destination a started appender, which this one stops
     */
    NonBlockingAppender(Appender<ILoggingEvent> destination) {
        this.destination = destination;
        writer.setDaemon(true);
    }

    @Override
    public void start() {
        super.start();
        writer.start();
    }

    @Override
    protected synchronized void append(ILoggingEvent event) {
        if (queue.remainingCapacity() < 2) {
            lost++;
            return;
        }
        if (lost > 0) {
            queue.add(lostEvents());
            lost = 0;
        }
        event.prepareForDeferredProcessing();
        queue.add(event);
    }

    private LoggingEvent lostEvents() {
        Logger logger = ((LoggerContext) getContext()).getLogger(NonBlockingAppender.class);
        String message = "{} lines of the log are lost: the reader is too slow";
        return new LoggingEvent(
                getClass().getName(), logger, Level.WARN, message, null, new Object[] {lost});
    }

    private void write() {
        try {
            while (true) {
                destination.doAppend(queue.take());
            }
        } catch (InterruptedException stopped) {
            // what follows is the rest
        }
        for (ILoggingEvent event = queue.poll(); event != null; event = queue.poll()) {
            destination.doAppend(event);
        }
        destination.stop();
    }

    /** Waits until all events are written, for a second at most. */
    @Override
    public void stop() {
        if (!isStarted()) {
            return;
        }
        super.stop();
        writer.interrupt();
        boolean interrupted = Thread.interrupted(); // the last lines matter more
        try {
            writer.join(LONGEST_FLUSH);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
