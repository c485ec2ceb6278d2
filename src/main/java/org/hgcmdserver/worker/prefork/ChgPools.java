package org.hgcmdserver.worker.prefork;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools of workers for chg: one for each environment, as far as Mercurial depends on it before
 * it reads any configuration. A worker of such a pool has loaded Mercurial and neither a
 * configuration nor an extension. It takes the client's whole environment, and runs the command as
 * a new hg does that has got so far. Used in the loop's thread only.
 */
final class ChgPools {

    /**
     * Rules for the variables that Python, the C library or Mercurial look at before the first
     * command, as {@link Environment#select} takes them. A worker checks them again, in the
     * environment that its client sends. The variables with "!" make a new process print something,
     * or are rare: their clients have no pool.
     */
    static final List<String> RULES =
            List.of(
                    "HOME", // has a user's own Python modules
                    "LANG*",
                    "LC_*",
                    "TZDIR",
                    "TZ",
                    "HGDEMANDIMPORT",
                    "HGENCODING*",
                    "HGMODULEPOLICY",
                    "HGPLAIN*",
                    "HGREALINTERFACES",
                    "HGUNICODEPEDANTRY",
                    "HGZSTDPOLICY",
                    "!HGCATAPULT*",
                    "!HGEMITWARNINGS",
                    "!HGTEST_*",
                    "PYTHONDONTWRITEBYTECODE",
                    "PYTHONHASHSEED",
                    "PYTHONIOENCODING",
                    "PYTHONNOUSERSITE",
                    "PYTHONPATH",
                    "PYTHONPYCACHEPREFIX",
                    "PYTHONUNBUFFERED",
                    "PYTHONUSERBASE",
                    "PYTHONUTF8",
                    "!PYTHON*",
                    "!_PYTHON*",
                    "!PYREPL_*",
                    "!DEB_PYTHON*",
                    "LD_LIBRARY_PATH",
                    "!LD_*",
                    "GLIBC_TUNABLES",
                    "MALLOC_*",
                    "!LOCPATH",
                    "!OPENSSL_*");

    /** A new process would look for these from its own directory, if they are relative. */
    private static final List<String> PATHS =
            List.of(
                    "HOME",
                    "TZDIR",
                    "PYTHONPATH",
                    "PYTHONPYCACHEPREFIX",
                    "PYTHONUSERBASE",
                    "LD_LIBRARY_PATH");

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

    /** The interval in which the pools' memory is compared with its limit. */
    static final Duration MEMORY_CHECK = Duration.ofMinutes(1);

    private final EventLoop loop;
    private final int max;
    private final long maxMemory;
    private final LongSupplier usualMemory;
    private final IntSupplier busy;
    private final Function<Environment, Pool> opener;
    private final EventLoop.Timer opening;

    /** The environment whose pool opens next; null if there is none. */
    private Environment wanted;

    private long wantedSince;
    private boolean draining;

    /** The least recently used first. */
    private final Map<Environment, Entry> pools = new LinkedHashMap<>(16, 0.75f, true);

    /** Environments that had one connection lately and have no pool, the oldest first. */
    private final List<Environment> seenOnce = new ArrayList<>();

    private static final class Entry {
        final Pool pool;
        long used;

        Entry(Pool pool) {
            this.pool = pool;
        }
    }

    /**
     * @param max the number of pools at a time
     * @param maxMemory the bytes that templates and idle workers of the pools may use
     * @param usualMemory the bytes that another pool is expected to use, unless one uses more
     * @param busy the number of connections that are being served
     * @param opener opens a pool whose template starts with this environment
     */
    ChgPools(
            EventLoop loop,
            int max,
            long maxMemory,
            LongSupplier usualMemory,
            IntSupplier busy,
            Function<Environment, Pool> opener) {
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
     * The environment by which a client of this environment finds its pool; empty if it can have
     * none.
     */
    static Optional<Environment> key(Environment client) {
        return client.select(RULES).filter(ChgPools::hasAbsolutePaths);
    }

    private static boolean hasAbsolutePaths(Environment environment) {
        return PATHS.stream()
                .map(environment::get)
                .filter(Objects::nonNull)
                .flatMap(value -> Arrays.stream(value.split(":", -1)))
                .allMatch(element -> element.startsWith("/"));
    }

    /**
     * The pool for clients with this environment; null if there is none. The second connection with
     * an environment opens a pool for the following ones, unless clients of other environments need
     * theirs: a template would cost a client that comes once more than it gains. The pool opens in
     * a pause, since the start of a template takes a processor from the connections present.
     *
     * @param environment a {@link #key}
     */
    Pool poolFor(Environment environment) {
        Entry entry = pools.get(environment);
        if (entry == null) {
            if (!draining && wanted == null && hasComeBefore(environment)) {
                wanted = environment;
                wantedSince = loop.nanoTime();
                opening.start(PAUSE);
            }
            return null;
        }
        entry.used = loop.nanoTime();
        return entry.pool;
    }

    private boolean hasComeBefore(Environment environment) {
        if (seenOnce.remove(environment)) {
            return true;
        }
        seenOnce.add(environment);
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
        Environment environment = wanted;
        wanted = null;
        if (hasRoomForAnother()) {
            Entry entry = new Entry(opener.apply(environment));
            entry.used = loop.nanoTime();
            pools.put(environment, entry);
        }
    }

    private boolean hasRoomForAnother() {
        if (pools.values().stream().anyMatch(entry -> entry.pool.isStarting())) {
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
        Optional<Environment> unused = unused(IN_USE).findFirst();
        unused.ifPresent(this::close);
        return unused.isPresent();
    }

    /** The pools without a connection now and in this time, the least recently used first. */
    private Stream<Environment> unused(Duration time) {
        long now = loop.nanoTime();
        return pools.entrySet().stream()
                .filter(entry -> !entry.getValue().pool.isInUse())
                .filter(entry -> now - entry.getValue().used >= time.toNanos())
                .map(Map.Entry::getKey);
    }

    /** The pool's present connections keep their workers. */
    private void close(Environment environment) {
        pools.remove(environment).pool.close();
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
