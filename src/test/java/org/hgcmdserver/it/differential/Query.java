package org.hgcmdserver.it.differential;

import java.util.ArrayList;
import java.util.List;

/** A command that changes nothing, and whose answer shows the state of a repository. */
record Query(String name, List<String> command) {

    static final List<Query> ALL =
            List.of(
                    of("log", "log", "--debug", "-l10"),
                    of("dirstate", "debugstate", "--nodates"),
                    of("phase", "phase", "-r", "last(all(),20)"),
                    of("bookmarks", "bookmarks"),
                    of("tags", "tags", "-v"),
                    of("branches", "branches", "-c"),
                    of("status", "status", "-C"),
                    of("summary", "summary"),
                    of("hidden", "log", "--hidden", "-l10", "-T", hidden()),
                    of("markers", "debugobsolete"),
                    of("conflicts", "resolve", "-l"));

    /** Queries of the whole repository, at the end of a sequence. */
    static final List<Query> END =
            List.of(
                    of("end-log", "log", "-T", hidden()),
                    of("end-details", "log", "--debug", "-l20"),
                    of("end-dirstate", "debugstate", "--nodates"),
                    of("end-status", "status", "-A"),
                    of("end-bookmarks", "bookmarks"),
                    of("end-markers", "debugobsolete"));

    private static String hidden() {
        return "{rev}:{node} {phase} {obsolete} {instabilities} {branch} {tags} {bookmarks}\\n";
    }

    private static Query of(String name, String... command) {
        return new Query(name, List.of(command));
    }

    /** The query that tells whether the parent of the working directory is gone. */
    boolean isStatus() {
        return name.equals("status");
    }

    static List<String> in(String directory, List<String> command) {
        List<String> all = new ArrayList<>(List.of("--cwd", directory));
        all.addAll(command);
        return all;
    }
}
