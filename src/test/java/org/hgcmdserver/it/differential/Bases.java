package org.hgcmdserver.it.differential;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The repositories that sequences begin with, made once and copied: {@code repo}, with a given
 * number of revisions, and {@code other}, which {@code repo} pulls from and pushes to, and which
 * lacks some of its changesets and has others.
 */
final class Bases {

    /** The user's configuration on both sides. The dates are fixed so that hashes are equal. */
    static final String CONFIGURATION =
            """
            [ui]
            username = tester <t@example.org>
            merge = :other
            [devel]
            default-date = 0 0
            [extensions]
            rebase =
            histedit =
            strip =
            share =
            """;

    /** The number of plain commits, which are the last revisions. */
    private static final int COMMITS = 4;

    private static final int ON_SIDE = 3;

    private final Path directory;
    private final Map<String, String> environment;
    private final Map<Integer, Path> made = new HashMap<>();

    Bases(Path directory, Map<String, String> environment) {
        this.directory = directory;
        this.environment = environment;
    }

    /** Copies the base with the given number of revisions, including all file times. */
    synchronized void copy(int revisions, Path root) throws IOException {
        Path base = made.get(revisions);
        if (base == null) {
            base = make(revisions);
            made.put(revisions, base);
        }
        Files.createDirectories(root);
        Side.run("cp", "-a", base.resolve("repo") + "", base.resolve("other") + "", root + "");
    }

    private Path make(int revisions) throws IOException {
        Path base = Files.createDirectories(directory.resolve("base-" + revisions));
        Path home = Files.createDirectories(base.resolve("home"));
        Files.writeString(home.resolve(".hgrc"), CONFIGURATION);
        Side side = new Side(base, home, environment);
        hg(side, ".", "init", "repo");
        int line = revisions - COMMITS - ON_SIDE - 1;
        hg(side, "repo", "debugbuilddag", "+" + line + ":x @side +" + ON_SIDE + " *x @default");
        hg(side, "repo", "update", "-q", "default");
        hg(side, "repo", "phase", "--public", "-r", ".~16");
        Files.writeString(base.resolve("repo/.hg/hgrc"), "[paths]\ndefault = ../other\n");
        for (int i = 0; i < COMMITS; i++) {
            side.change(List.of("write", "repo/a", "one\ntwo\n" + "line " + i + "\n"));
            side.change(List.of("append", "repo/dir/b", "line " + i + "\n"));
            side.change(List.of("write", "repo/c" + i, "the same\n"));
            hg(side, "repo", "commit", "-A", "-m", "base " + i, "-d", i + " 0");
            if (i == 1) {
                hg(side, ".", "clone", "-q", "--pull", "repo", "other");
            }
        }
        hg(side, "repo", "bookmark", "-i", "-r", ".^", "b0");
        side.change(List.of("write", "other/in-other", "x\n"));
        hg(side, "other", "commit", "-A", "-m", "in other", "-d", "9 0");
        hg(side, "repo", "tags"); // writes caches
        return base;
    }

    private static void hg(Side side, String where, String... command) throws IOException {
        Answer answer = side.hg().run(side.directory(where), List.of(command));
        if (!answer.succeeded()) {
            throw new IOException(List.of(command) + ": " + answer);
        }
    }
}
