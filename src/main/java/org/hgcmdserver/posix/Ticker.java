package org.hgcmdserver.posix;

/**
 * Monotonic time, behind an interface so that tests control it. This is the only place that reads
 * the system's monotonic clock.
 */
public interface Ticker {

    /** CLOCK_MONOTONIC in clock_gettime(2), on Linux the same clock for every process. */
    Ticker SYSTEM = System::nanoTime;

    /** Nanoseconds since an arbitrary moment, as {@link System#nanoTime}. */
    long nanoTime();
}
