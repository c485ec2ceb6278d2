package org.hgcmdserver.host;

import java.time.Duration;
import java.util.Optional;

/**
 * Reports the service's state to the service manager. No call blocks, throws or fails; all calls
 * come from the service's loop thread.
 */
public interface Notifier {

    /** There is no service manager to notify. */
    Notifier NONE =
            new Notifier() {
                @Override
                public void ready() {}

                @Override
                public void status(String text) {}

                @Override
                public void stopping() {}

                @Override
                public void reloading() {}

                @Override
                public Optional<Duration> watchdogInterval() {
                    return Optional.empty();
                }

                @Override
                public void watchdog() {}

                @Override
                public void extendTimeout(Duration time) {}

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    /** The service accepts connections from now on. */
    void ready();

    /** One line for people, in ASCII. */
    void status(String text);

    /** The drain has begun. */
    void stopping();

    /** A reload has begun, and will end with {@link #ready}. */
    void reloading();

    /**
     * How often the service must call {@link #watchdog}, at least; empty if there is no watchdog.
     */
    Optional<Duration> watchdogInterval();

    /** The service's loop is alive. */
    void watchdog();

    /** Starting, reloading or stopping will take no longer than {@code time} from now on. */
    void extendTimeout(Duration time);

    /** Delivers the notifications so far, as far as that takes no more than a moment. */
    void flush();

    /** Like {@link #flush}; no notification follows. */
    void close();
}
