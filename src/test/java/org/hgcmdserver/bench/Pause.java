package org.hgcmdserver.bench;

import java.util.concurrent.locks.LockSupport;

/** Think time of a client: part of what is measured, not a wait for something. */
final class Pause {

    private Pause() {}

    static void of(int millis) {
        long end = System.nanoTime() + millis * 1_000_000L;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }
}
