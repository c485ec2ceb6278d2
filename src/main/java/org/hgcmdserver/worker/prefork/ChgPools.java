package org.hgcmdserver.worker.prefork;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools of workers for chg: one for each environment, as far as Mercurial depends on it before
 * it reads any configuration. A worker of such a pool has loaded Mercurial and, where later
 * commands cannot notice that, a configuration with its extensions ({@link Preloaded}); an
 * environment with several configurations has a pool for each. The worker takes the client's whole
 * environment, and runs the command as a new hg does that has got so far. Used in the loop's thread
 * only.
 */
final class ChgPools {

    /** After which a pool without connections is closed. */
    static final Duration UNUSED = Duration.ofHours(1);

    /** A pool that had a connection within this time is not closed for another one. */
    static final Duration IN_USE = Duration.ofMinutes(1);

    /** A template starts when no connection has been served for this time. */
    static final Duration PAUSE = Duration.ofMillis(100);

    /** A template starts at the latest after this time. */
    static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(ChgPools.class);

    private static final int REMEMBERED = 16;

    /**
     * How many pools with configurations an environment has at most: if its configuration depends
     * on a variable that each shell sets otherwise, one without a configuration is for the others.
     */
    static final int MAX_PRELOADED = 3;

    /** The interval in which the pools' memory is compared with its limit. */
    static final Duration MEMORY_CHECK = Duration.ofMinutes(1);

    private final EventLoop loop;
    private final int max;
    private final long maxMemory;
    private final LongSupplier usualMemory;
    private final IntSupplier busy;

    private final Opener opener;
    private final EventLoop.Timer opening;

    /** Whose pool opens next; null if none does. */
    private Kind wanted;

    private Environment wantedEnvironment;

    private long wantedSince;
    private boolean draining;

    /** The least recently used first. */
    private final Map<Kind, Entry> pools = new LinkedHashMap<>(16, 0.75f, true);

    /** Those that had one connection lately and have no pool, the oldest first. */
    private final List<Kind> seenOnce = new ArrayList<>();

    /**
     * What the clients of a pool have in common.
     *
     * @param relevant their variables on which a process depends before it reads any configuration
     * @param preload whether the template is to load a configuration
     * @param seen what loading the configuration of an earlier pool would see of their environment;
     *     null for the first pool, and without a configuration
     */
    private record Kind(Environment relevant, boolean preload, Preloaded.Seen seen) {}

    /** Opens a pool. */
    interface Opener {
        /**
         * @param environment with which the template starts
         * @param preload whether the template is to load the configuration of this environment
         */
        Pool open(Environment environment, boolean preload);
    }

    private static final class Entry {
        final Kind kind;
        final Pool pool;
        long used;

        Entry(Kind kind, Pool pool) {
            this.kind = kind;
            this.pool = pool;
        }
    }

    /**
     * @param max the number of pools at a time
     * @param maxMemory the bytes that templates and idle workers of the pools may use
     * @param usualMemory the bytes that another pool is expected to use, unless one uses more
     * @param busy the number of connections that are being served
     * @param opener opens a pool
     */
    ChgPools(
            EventLoop loop,
            int max,
            long maxMemory,
            LongSupplier usualMemory,
            IntSupplier busy,
            Opener opener) {
        this.loop = loop;
        this.max = max;
        this.maxMemory = maxMemory;
        this.usualMemory = usualMemory;
        this.busy = busy;
        this.opener = opener;
        opening = loop.timer(this::openInAPause);
        loop.after(UNUSED, this::closeUnused);
        loop.after(MEMORY_CHECK, this::limitMemory);
    }

    /**
     * The pool for a client; null if there is none. The second client of a kind opens a pool for
     * the following ones, unless clients of other kinds need theirs: a template would cost a client
     * that comes once more than it gains. The pool opens in a pause, since the start of a template
     * takes a processor from the connections present.
     *
     * <p>Where a template has loaded the configuration of such clients, those that need another one
     * because of their command line or directory get a pool without a configuration.
     */
    Pool poolFor(ChgClient client) {
        Kind plain = new Kind(client.relevant(), false, null);
        Preloaded.Seen seen = null;
        int preloadedPools = 0;
        Entry starting = null;
        Entry forAll = null; // with a template that could not load its configuration
        for (Entry entry : List.copyOf(pools.values())) {
            if (!entry.kind.preload || !entry.kind.relevant.equals(client.relevant())) {
                continue;
            }
            Optional<Preloaded> preloaded = entry.pool.keeper().preloaded();
            if (!entry.pool.keeper().isReady()) {
                starting = entry;
            } else if (preloaded.isEmpty()) {
                forAll = entry;
            } else if (preloaded.get().isFor(client.environment())) {
                return preloaded.get().isOverriddenBy(client)
                        ? existing(plain, plain, client)
                        : used(entry);
            } else {
                preloadedPools++;
                seen = preloaded.get().seen(client.environment());
            }
        }
        if (starting != null) {
            Entry ready = pools.get(plain);
            return used(ready == null ? starting : ready);
        }
        Kind own = new Kind(client.relevant(), true, seen);
        if (forAll != null && (preloadedPools == 0 || forAll.kind.equals(own))) {
            return used(forAll);
        }
        // a pool of that kind, if there is one, has a configuration that depends on something else
        // by now
        boolean preload = preloadedPools < MAX_PRELOADED && !pools.containsKey(own);
        return existing(plain, preload ? own : plain, client);
    }

    /** The pool of a kind; null if there is none. Then one of the wanted kind may open. */
    private Pool existing(Kind kind, Kind better, ChgClient client) {
        if (!pools.containsKey(better)) {
            want(better, client);
        }
        Entry entry = pools.get(kind);
        return entry == null ? null : used(entry);
    }

    private Pool used(Entry entry) {
        entry.used = loop.nanoTime();
        pools.get(entry.kind); // which makes it the last in the order of use
        return entry.pool;
    }

    private void want(Kind kind, ChgClient client) {
        if (!draining && wanted == null && hasComeBefore(kind)) {
            wanted = kind;
            wantedEnvironment =
                    kind.preload
                            ? client.environment().without("HG_CMDSERVER_", "CHGINTERNALMARK=")
                            : client.relevant();
            wantedSince = loop.nanoTime();
            opening.start(PAUSE);
        }
    }

    private boolean hasComeBefore(Kind kind) {
        if (seenOnce.remove(kind)) {
            return true;
        }
        seenOnce.add(kind);
        if (seenOnce.size() > REMEMBERED) {
            seenOnce.remove(0);
        }
        return false;
    }

    private void openInAPause() {
        if (busy.getAsInt() > 0 && loop.since(wantedSince).compareTo(LONGEST_WAIT) < 0) {
            opening.start(PAUSE);
            return;
        }
        Kind kind = wanted;
        wanted = null;
        if (hasRoomForAnother()) {
            Entry entry = new Entry(kind, opener.open(wantedEnvironment, kind.preload));
            entry.used = loop.nanoTime();
            pools.put(kind, entry);
        }
    }

    private boolean hasRoomForAnother() {
        if (pools.values().stream().anyMatch(entry -> entry.pool.keeper().isStarting())) {
            return false;
        }
        while (pools.size() >= max || !hasMemoryForAnother()) {
            if (!closeLeastRecentlyUsed()) {
                return false;
            }
        }
        return true;
    }

    private boolean hasMemoryForAnother() {
        LongSummaryStatistics memory = memory();
        return memory.getSum() + Math.max(usualMemory.getAsLong(), memory.getMax()) <= maxMemory;
    }

    private LongSummaryStatistics memory() {
        return pools.values().stream().mapToLong(entry -> entry.pool.memory()).summaryStatistics();
    }

    /** The workers of a pool become more and larger as they are used. */
    private void limitMemory() {
        while (memory().getSum() > maxMemory && closeLeastRecentlyUsed()) {
            log.info("closed a template for chg: max-template-memory was exceeded");
        }
        loop.after(MEMORY_CHECK, this::limitMemory);
    }

    private boolean closeLeastRecentlyUsed() {
        Optional<Kind> unused = unused(IN_USE).findFirst();
        unused.ifPresent(this::close);
        return unused.isPresent();
    }

    /** The pools without a connection now and in this time, the least recently used first. */
    private Stream<Kind> unused(Duration time) {
        long now = loop.nanoTime();
        return pools.entrySet().stream()
                .filter(entry -> !entry.getValue().pool.isInUse())
                .filter(entry -> now - entry.getValue().used >= time.toNanos())
                .map(Map.Entry::getKey);
    }

    /** The pool's present connections keep their workers. */
    private void close(Kind kind) {
        pools.remove(kind).pool.close();
    }

    private void closeUnused() {
        unused(UNUSED).toList().forEach(this::close);
        loop.after(UNUSED, this::closeUnused);
    }

    /** No more connections will come: opens no more pools, and drains those there are. */
    void drain() {
        draining = true;
        opening.cancel();
        all().forEach(Pool::drain);
    }

    Collection<Pool> all() {
        return pools.values().stream().map(entry -> entry.pool).toList();
    }
}
