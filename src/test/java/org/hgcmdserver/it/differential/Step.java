package org.hgcmdserver.it.differential;

import java.util.List;

/**
 * One step: an hg command in a repository, or a change of a file.
 *
 * @param pause milliseconds before the step, an input of the experiment
 * @param queries the queries asked afterwards: their names, {@code all}, or {@code none}
 * @param where the repository's name, or {@link #FILES}
 * @param words the command and its arguments. Text between two "%" is a revset; the node of its
 *     last revision replaces it
 */
record Step(int pause, Via via, String queries, String where, List<String> words) {

    static final String FILES = "files";

    static final String ALL = "all";

    static final String NONE = "none";

    Step {
        words = List.copyOf(words);
    }

    static Step of(String where, String... words) {
        return new Step(0, Via.OWN, ALL, where, List.of(words));
    }

    boolean changesFiles() {
        return where.equals(FILES);
    }

    /** A file of the user's own, which a connection reads at its start. */
    boolean changesUser() {
        return changesFiles() && words.get(1).startsWith("home/");
    }

    /** Whether this step can change the answer to a query. */
    private boolean mayChange(Query query) {
        return !changesFiles() || isConfiguration() || query.isStatus();
    }

    private boolean isConfiguration() {
        return changesUser() || words.get(1).contains("/.hg/");
    }

    boolean asks(Query query) {
        return mayChange(query)
                && (queries.equals(ALL) || List.of(queries.split(",")).contains(query.name()));
    }

    Step with(int pause, Via via, String queries) {
        return new Step(pause, via, queries, where, words);
    }

    /** The same step for the plain side, where only the command matters. */
    boolean isLike(Step other) {
        return where.equals(other.where) && words.equals(other.words);
    }

    static Step parse(String line) {
        List<String> all = Words.split(line);
        return new Step(
                Integer.parseInt(all.get(0)),
                Via.of(all.get(1)),
                all.get(2),
                all.get(3),
                all.subList(4, all.size()));
    }

    @Override
    public String toString() {
        return pause + " " + via + " " + queries + " " + where + " " + Words.join(words);
    }
}
