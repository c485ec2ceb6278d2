package org.hgcmdserver.worker.prefork;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.VariableRules;

/**
 * The configuration that a template for chg has loaded (src/main/python/hgcmdserver/preloaded.py),
 * as far as the daemon knows it: for which clients it is likely to be the right one. The worker
 * decides. Used in the loop's thread only.
 */
final class Preloaded {

    /** How many directories are remembered, the most recently used ones. */
    private static final int MAX_EXCLUDED = 1000;

    /**
     * The part of a client's environment on which a configuration depends.
     *
     * @param names of the variables, whether set or not
     * @param values the ones that are set
     */
    record Seen(List<String> names, Environment values) {}

    private final List<String> names;
    private final VariableRules rules;
    private final Seen seen;
    private final List<String> sections;

    /** After that many clients of an excluded directory a worker decides again. */
    static final int FIRST_EXCLUSION = 4;

    /** Doubled up to this each time that the worker decides in the same way. */
    static final int LONGEST_EXCLUSION = 256;

    /** A directory some of whose clients turned out to need another configuration. */
    private static final class Exclusion {
        int length = FIRST_EXCLUSION;
        int clients; // since it began
    }

    private final Map<String, Exclusion> excluded =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Exclusion> eldest) {
                    return size() > MAX_EXCLUDED;
                }
            };

    /**
     * @param environment of the template
     * @param names of the variables on which the configuration depends
     * @param sections of the configuration whose items change what loading the extensions does
     */
    Preloaded(Environment environment, List<String> names, List<String> sections) {
        this.names = names;
        rules = new VariableRules(names);
        seen = seen(environment);
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

    /** What loading this configuration would see of a client's environment. */
    Seen seen(Environment client) {
        return new Seen(names, rules.select(client).orElseThrow()); // names forbid nothing
    }

    /** Whether the client's environment leads to this configuration. */
    boolean isFor(Environment client) {
        return seen(client).equals(seen);
    }

    /** Whether the client's command line, or its directory, leads to another configuration. */
    boolean isOverriddenBy(ChgClient client) {
        return isExcluded(client.directory()) || client.needsAnother(sections);
    }

    private boolean isExcluded(String directory) {
        Exclusion exclusion = excluded.get(directory);
        return exclusion != null && ++exclusion.clients <= exclusion.length;
    }

    /**
     * A client of this directory turned out to need another configuration: because of the one that
     * is there, or only because of what this client wanted.
     */
    void exclude(String directory) {
        Exclusion before = excluded.get(directory);
        if (before != null && before.clients < before.length) {
            return; // this client came before the exclusion
        }
        Exclusion now = new Exclusion();
        if (before != null && before.clients <= 2 * before.length) {
            now.length = Math.min(LONGEST_EXCLUSION, 2 * before.length);
        }
        excluded.put(directory, now);
    }
}
