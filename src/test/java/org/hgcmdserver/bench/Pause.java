package org.hgcmdserver.bench;

import java.util.concurrent.locks.LockSupport;

/** The think time of a client: part of the measured load, not a wait for an event. */
final class Pause {

    private Pause() {}

    static void of(int millis) {
        long end = System.nanoTime() + millis * 1_000_000L;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }
}
