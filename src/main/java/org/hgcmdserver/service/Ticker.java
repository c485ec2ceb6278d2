package org.hgcmdserver.service;

/** Monotonic time, so that tests can own it. */
public interface Ticker {

    Ticker SYSTEM = System::nanoTime;

    /** Nanoseconds since an arbitrary moment, as {@link System#nanoTime}. */
    long nanoTime();
}
