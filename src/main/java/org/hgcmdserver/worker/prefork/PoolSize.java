package org.hgcmdserver.worker.prefork;

import java.time.Duration;
import java.util.Optional;

/**
 * Decides how many workers wait for connections. It knows no process: it is told what happens, and
 * when, and says how many are to be forked or let go.
 *
 * <p>The number that is wanted lies between the minimum and the maximum. It doubles when a
 * connection finds nobody, and shrinks by one after each quiet while. What is wanted is not forked
 * at once when one is taken: on a machine with few cores that would slow the very command that it
 * was taken for. It is forked when a worker ends, since that is when a command has, or after a
 * pause.
 */
final class PoolSize {

    /** How long after a connection idle workers are replaced. Longer than most commands take. */
    static final Duration PAUSE = Duration.ofMillis(15);

    /** How long without a miss until one idle worker fewer is wanted. */
    static final Duration QUIET = Duration.ofSeconds(10);

    private final int min;
    private final int max;
    private int wanted;
    private long lastTaken;
    private long quietSince;

    /**
     * @param now as {@link System#nanoTime}, here and everywhere
     */
    PoolSize(int min, int max, long now) {
        this.min = min;
        this.max = max;
        wanted = min;
        lastTaken = now - PAUSE.toNanos();
        quietSince = now;
    }

    /** A connection was given to an idle worker. */
    void taken(long now) {
        lastTaken = now;
    }

    /** A connection found no idle worker. */
    void missed(long now) {
        lastTaken = now;
        quietSince = now;
        wanted = Math.min(max, Math.max(1, 2 * wanted));
    }

    /** A worker that had a connection has ended: there is time for others. */
    void ended(long now) {
        lastTaken = now - PAUSE.toNanos();
    }

    /**
     * How many workers to fork now.
     *
     * @param available workers that are idle, or being forked
     * @param waiting connections that wait for a worker; those come first, whatever the maximum
     */
    int toFork(int available, int waiting, long now) {
        shrink(now);
        int urgent = Math.max(0, waiting - available);
        if (now - lastTaken < PAUSE.toNanos() && available > 0) {
            return urgent;
        }
        return Math.max(urgent, waiting + wanted - available);
    }

    /** After what time {@link #toFork} will say more than it does now, if nothing else happens. */
    Optional<Duration> untilRefill(int available, long now) {
        if (available >= wanted) {
            return Optional.empty();
        }
        return Optional.of(Duration.ofNanos(Math.max(1, lastTaken + PAUSE.toNanos() - now)));
    }

    /** How many of {@code idle} workers to retire now. */
    int toRetire(int idle, long now) {
        shrink(now);
        return Math.max(0, idle - wanted);
    }

    private void shrink(long now) {
        while (wanted > min && now - quietSince >= QUIET.toNanos()) {
            wanted--;
            quietSince += QUIET.toNanos();
        }
    }
}
