package org.hgcmdserver.worker.prefork;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;

/**
 * The pools of workers for chg: one for each environment, as far as Mercurial depends on it before
 * it reads any configuration. A worker of such a pool has loaded Mercurial and neither a
 * configuration nor an extension. It takes the client's whole environment, and runs the command as
 * a new hg does that has got so far. Used in the loop's thread only.
 */
final class ChgPools {

    /**
     * The variables that Python, the C library or Mercurial look at before the first command, as
     * {@link Environment#only} takes them. A worker checks them again, in the environment that its
     * client sends.
     */
    static final List<String> VARIABLES =
            List.of(
                    "DEB_PYTHON*",
                    "GLIBC_TUNABLES",
                    "HGCATAPULT*",
                    "HGDEMANDIMPORT",
                    "HGEMITWARNINGS",
                    "HGENCODING*",
                    "HGMODULEPOLICY",
                    "HGPLAIN*",
                    "HGREALINTERFACES",
                    "HGTEST_*",
                    "HGUNICODEPEDANTRY",
                    "HGZSTDPOLICY",
                    "HOME", // has a user's own Python modules
                    "LANG*",
                    "LC_*",
                    "LD_*",
                    "LOCPATH",
                    "MALLOC_*",
                    "PYREPL_*",
                    "PYTHON*",
                    "TZ*",
                    "_PYTHON*");

    /** After which a pool without connections is closed. */
    static final Duration UNUSED = Duration.ofHours(1);

    private final EventLoop loop;
    private final int max;
    private final Function<Environment, Pool> opener;

    /** The least recently used first. */
    private final Map<Environment, Entry> pools = new LinkedHashMap<>(16, 0.75f, true);

    /** Environments that had one connection lately and have no pool, the oldest first. */
    private final List<Environment> once = new ArrayList<>();

    private static final class Entry {
        final Pool pool;
        long used;

        Entry(Pool pool) {
            this.pool = pool;
        }
    }

    /**
     * @param max the number of pools at a time
     * @param opener opens a pool whose template starts with this environment
     */
    ChgPools(EventLoop loop, int max, Function<Environment, Pool> opener) {
        this.loop = loop;
        this.max = max;
        this.opener = opener;
        loop.after(UNUSED, this::closeUnused);
    }

    /**
     * The pool for clients with this environment; null if there is none. The second connection with
     * an environment opens a pool for the following ones: a template would cost a client that comes
     * once more than it gains.
     *
     * @param environment with {@link #VARIABLES} only
     */
    Pool poolFor(Environment environment) {
        if (max == 0) {
            return null;
        }
        Entry entry = pools.get(environment);
        if (entry == null && hasComeBefore(environment)) {
            entry = open(environment);
        }
        if (entry == null) {
            return null;
        }
        entry.used = loop.nanoTime();
        return entry.pool;
    }

    private boolean hasComeBefore(Environment environment) {
        if (once.remove(environment)) {
            return true;
        }
        once.add(environment);
        if (once.size() > 2 * max) {
            once.remove(0);
        }
        return false;
    }

    private Entry open(Environment environment) {
        if (pools.size() >= max) {
            close(leastRecentlyUsed());
        }
        Entry entry = new Entry(opener.apply(environment));
        pools.put(environment, entry);
        return entry;
    }

    /** Preferably one that no client uses now. */
    private Environment leastRecentlyUsed() {
        return pools.entrySet().stream()
                .filter(entry -> !entry.getValue().pool.isInUse())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseGet(() -> pools.keySet().iterator().next());
    }

    /** The pool's present connections keep their workers. */
    private void close(Environment environment) {
        pools.remove(environment).pool.close();
    }

    private void closeUnused() {
        long now = loop.nanoTime();
        List<Environment> unused =
                pools.entrySet().stream()
                        .filter(entry -> !entry.getValue().pool.isInUse())
                        .filter(entry -> now - entry.getValue().used >= UNUSED.toNanos())
                        .map(Map.Entry::getKey)
                        .toList();
        unused.forEach(this::close);
        loop.after(UNUSED, this::closeUnused);
    }

    Collection<Pool> all() {
        return pools.values().stream().map(entry -> entry.pool).toList();
    }
}
