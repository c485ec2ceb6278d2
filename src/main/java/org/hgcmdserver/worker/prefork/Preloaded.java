package org.hgcmdserver.worker.prefork;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.posix.Environment;

/**
 * The configuration that a template for chg has loaded (src/main/python/hgcmdserver/preloaded.py),
 * as far as the daemon knows it: for which clients it is likely to be the right one. The worker
 * decides. Used in the loop's thread only.
 */
final class Preloaded {

    /** How many directories are remembered, the most recently used ones. */
    private static final int MAX_EXCLUDED = 1000;

    private final Environment environment;
    private final List<String> names;
    private final List<String> sections;

    /** After that many clients of an excluded directory the worker decides again. */
    static final int PER_EXCLUSION = 200;

    /**
     * The directories whose clients turned out to need another configuration, and for how many
     * clients that is taken to be so.
     */
    private final Map<String, Integer> excluded =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
                    return size() > MAX_EXCLUDED;
                }
            };

    /**
     * @param environment of the template
     * @param names of the variables on which the configuration depends
     * @param sections of the configuration whose items change what loading the extensions does
     */
    Preloaded(Environment environment, List<String> names, List<String> sections) {
        this.environment = environment;
        this.names = names;
        this.sections = sections;
    }

    /**
     * @param environment of the template
     * @param said the argument of "preloaded": see src/main/python/hgcmdserver/daemonline.py
     */
    static Preloaded parse(Environment environment, byte[] said) {
        List<List<String>> both = List.of(new ArrayList<>(), new ArrayList<>());
        int list = 0;
        for (String word : new String(said, ISO_8859_1).split("\0")) {
            if (word.isEmpty()) {
                list = 1;
            } else {
                both.get(list).add(word);
            }
        }
        return new Preloaded(environment, both.get(0), both.get(1));
    }

    /** The variables of an environment on which the configuration depends. */
    Environment select(Environment client) {
        return client.select(names).orElseThrow(); // names forbid nothing
    }

    /** Whether the client's environment leads to this configuration. */
    boolean isFor(Environment client) {
        return select(client).equals(select(environment));
    }

    /** Whether the client's command line, or its directory, leads to another configuration. */
    boolean isOverriddenBy(ChgClient client) {
        return isExcluded(client.directory()) || client.setsItemOf(sections);
    }

    private boolean isExcluded(String directory) {
        boolean is = excluded.containsKey(directory);
        excluded.computeIfPresent(directory, (name, left) -> left > 1 ? left - 1 : null);
        return is;
    }

    /** A client of this directory turned out to need another configuration. */
    void exclude(String directory) {
        excluded.put(directory, PER_EXCLUSION);
    }
}
