package org.hgcmdserver.worker.prefork;

import java.time.Duration;
import java.util.Optional;

/**
 * Decides how many workers wait for connections. This class knows no process: the pool reports
 * events and their times, and asks how many workers to fork or to retire.
 *
 * <p>The wanted number of idle workers lies between the minimum and the maximum. It doubles when a
 * connection finds no idle worker, and shrinks by one after each quiet period. The pool does not
 * replace an idle worker at the moment a connection takes it: on a machine with few cores the fork
 * would slow the very command that the worker runs. The fork happens when a worker ends, since its
 * command has then ended too, or after a pause.
 */
final class PoolSize {

    /** How long after a connection the pool replaces idle workers; most commands take less. */
    static final Duration PAUSE = Duration.ofMillis(15);

    /**
     * The same for workers that do not rehearse. Their first command takes 60 to 150 ms where page
     * faults are expensive; with a fork beside it, it would be slower than with hg's own server.
     */
    static final Duration PAUSE_WITHOUT_REHEARSALS = Duration.ofMillis(250);

    /** How long no connection must miss an idle worker until the wanted number shrinks by one. */
    static final Duration QUIET = Duration.ofSeconds(10);

    /** How long no connection must come until a pool that keeps no workers needs no template. */
    static final Duration UNUSED = Duration.ofHours(1);

    private final int min;
    private final int max;
    private int wanted;
    private Duration pause = PAUSE;
    private long lastTaken;
    private long quietSince;
    private long lastUsed;

    /**
     * @param now as {@link System#nanoTime}, here and everywhere
     */
    PoolSize(int min, int max, long now) {
        this.min = min;
        this.max = max;
        wanted = min;
        lastTaken = now - PAUSE_WITHOUT_REHEARSALS.toNanos();
        quietSince = now;
        lastUsed = now;
    }

    /** Sets whether workers rehearse; they do at first. */
    void rehearsing(boolean rehearsing) {
        pause = rehearsing ? PAUSE : PAUSE_WITHOUT_REHEARSALS;
    }

    /** An idle worker has received a connection. */
    void taken(long now) {
        lastTaken = now;
        lastUsed = now;
    }

    /** A connection has found no idle worker. */
    void missed(long now) {
        lastTaken = now;
        lastUsed = now;
        quietSince = now;
        wanted = Math.min(max, Math.max(1, 2 * wanted));
    }

    /** A worker that had a connection has ended: there is time to fork others. */
    void ended(long now) {
        lastTaken = now - PAUSE_WITHOUT_REHEARSALS.toNanos();
        lastUsed = now;
    }

    /** Whether no connection has come for a quiet period: memory counts for more than readiness. */
    boolean isResting(long now) {
        return now - lastUsed >= QUIET.toNanos();
    }

    /** Whether the pool keeps no workers, and has had no connection for long. */
    boolean needsNoTemplate(long now) {
        return min == 0 && now - lastUsed >= UNUSED.toNanos();
    }

    /**
     * How many workers to fork now.
     *
     * @param available workers that are idle, or being forked
     * @param waiting connections that wait for a worker; they get workers even beyond the maximum
     */
    int toFork(int available, int waiting, long now) {
        shrink(now);
        int urgent = Math.max(0, waiting - available);
        if (now - lastTaken < pause.toNanos() && available > 0) {
            return urgent;
        }
        return Math.max(urgent, waiting + wanted - available);
    }

    /** How long until {@link #toFork} returns more than now, if nothing else happens. */
    Optional<Duration> untilRefill(int available, long now) {
        if (available >= wanted) {
            return Optional.empty();
        }
        return Optional.of(Duration.ofNanos(Math.max(1, lastTaken + pause.toNanos() - now)));
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
