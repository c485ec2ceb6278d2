package org.hgcmdserver.host;

import java.time.Duration;
import java.util.Optional;

/**
 * Tells the service manager how the service is. No call blocks, throws or fails; they come from the
 * service's loop thread.
 */
public interface Notifier {

    /** Nobody wants to know. */
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

    /** Connections are accepted from now on. */
    void ready();

    /** One line for people, in ASCII. */
    void status(String text);

    /** The drain has begun. */
    void stopping();

    /** A reload has begun, and will end with {@link #ready}. */
    void reloading();

    /** How often {@link #watchdog} is to be called, at least; empty if nobody waits for it. */
    Optional<Duration> watchdogInterval();

    /** The loop is alive. */
    void watchdog();

    /** Starting, reloading or stopping will take no longer than {@code time} from now on. */
    void extendTimeout(Duration time);

    /** Delivers what was told so far, as far as that takes no more than a moment. */
    void flush();

    /** {@link #flush}, and nothing more will be told. */
    void close();
}
