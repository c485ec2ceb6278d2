package org.hgcmdserver.it.differential;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Draws sequences. Commands need not succeed: the experiment compares their errors as well.
 * Commands that belong together, such as a change and its commit, are drawn together, so that most
 * succeed.
 */
final class Generator {

    private static final List<Integer> REVISIONS = List.of(50, 1500, 1500);

    private static final List<String> FILES = List.of("a", "dir/b", "c0", "c1", "new", "dir/new");

    private static final List<String> BOOKMARKS = List.of("b0", "b1", "b2");

    private static final List<String> REVSETS =
            List.of(
                    ".",
                    ".^",
                    ".~2",
                    ".~3",
                    "tip",
                    "tip~2",
                    "-2",
                    "0",
                    "b0",
                    "b1",
                    "side",
                    "max(draft())",
                    "min(draft())",
                    "max(head() and not .)",
                    "last(all(),3)",
                    "max(public())",
                    "first(children(.))");

    /** The revsets that most merges, grafts and rebases name. */
    private static final List<String> AWAY =
            List.of("side", "max(head() and not ::.)", ".~3", "b0", "max(draft() - ::.)");

    private static final List<String> SETTINGS =
            List.of(
                    "[experimental]\nevolution = all\n",
                    "[phases]\nnew-commit = secret\n",
                    "[phases]\npublish = no\n",
                    "[ui]\nverbose = yes\n",
                    "[ui]\nquiet = yes\n",
                    "[ui]\nusername = somebody else\n",
                    "[ui]\nmerge = :merge3\n",
                    "[command-templates]\nlog = {node} {desc}\\n\n",
                    "[extensions]\npurge =\n",
                    "[hooks]\npretxnclose.refuse = false\n",
                    "[hooks]\npretxncommit.refuse = false\n");

    private static final String PATHS = "[paths]\ndefault = ../other\n";

    private static final String EVOLUTION = "[experimental]\nevolution = all\n";

    private record Action(int weight, Runnable draw) {}

    /** The weights set how often each action is drawn, relative to the others. */
    private final List<Action> actions =
            List.of(
                    new Action(14, this::commit),
                    new Action(12, this::amend),
                    new Action(8, this::update),
                    new Action(5, this::changeFile),
                    new Action(7, this::manageFile),
                    new Action(4, this::merge),
                    new Action(6, this::rebase),
                    new Action(5, this::histedit),
                    new Action(5, this::strip),
                    new Action(6, this::phase),
                    new Action(6, this::bookmark),
                    new Action(4, this::tag),
                    new Action(3, this::branch),
                    new Action(4, this::graft),
                    new Action(4, this::shelve),
                    new Action(4, this::pull),
                    new Action(4, this::push),
                    new Action(2, this::share),
                    new Action(4, this::markObsolete),
                    new Action(4, this::configure),
                    new Action(1, this::configureUser),
                    new Action(4, this::undo),
                    new Action(2, this::finish));

    private final Random random;
    private final List<Step> steps = new ArrayList<>();
    private boolean shared;
    private int number;

    private Generator(Random random) {
        this.random = random;
    }

    /** The sequence for this seed. */
    static Sequence sequence(long seed) {
        return new Generator(new Random(seed)).draw();
    }

    private Sequence draw() {
        int revisions = pick(REVISIONS);
        if (random.nextBoolean()) {
            file("write", "repo/.hg/hgrc", PATHS + EVOLUTION);
        }
        int length = 8 + random.nextInt(10);
        while (steps.size() < length) {
            action().draw.run();
        }
        return new Sequence(revisions, steps);
    }

    private Action action() {
        int n = random.nextInt(actions.stream().mapToInt(Action::weight).sum());
        for (Action action : actions) {
            n -= action.weight;
            if (n < 0) {
                return action;
            }
        }
        throw new AssertionError();
    }

    // the contents of changesets

    private void commit() {
        if (chance(60)) {
            changeFile();
        } else {
            file("write", where() + "/f" + ++number, "file " + number + "\n");
        }
        hg("commit", "-A", "-m", "commit " + ++number, "-d", number + " 0");
        if (chance(10)) {
            hg("commit", "--close-branch", "-m", "close " + number, "-d", "0 0");
        }
    }

    private void amend() {
        if (chance(30)) {
            commit(); // a public changeset cannot be amended
        }
        if (chance(60)) {
            changeFile();
        }
        hg("commit", "--amend", "-m", "amended " + ++number, "-d", number + " 0");
    }

    private void merge() {
        hg("merge", "-r", mostly(AWAY), "--tool", chance(80) ? ":other" : ":fail");
        hg("commit", "-m", "merge " + ++number, "-d", number + " 0");
    }

    private void graft() {
        hg("graft", "-r", mostly(AWAY), "-d", "7 0", chance(50) ? "--log" : "--force");
        if (chance(20)) {
            hg("graft", chance(50) ? "--abort" : "--continue");
        }
    }

    private void rebase() {
        List<String> command = new ArrayList<>(List.of("rebase"));
        command.addAll(List.of(pick(List.of("-s", "-b", "-r")), mostly(List.of(".", "tip", ".^"))));
        command.addAll(List.of("-d", mostly(AWAY)));
        if (chance(20)) {
            command.add("--keep");
        }
        if (chance(20)) {
            command.addAll(List.of("--collapse", "-m", "collapsed " + ++number));
        }
        hg(command.toArray(String[]::new));
        if (chance(20)) {
            hg("rebase", chance(50) ? "--abort" : "--continue");
        }
    }

    private void histedit() {
        if (chance(70)) {
            commit();
            commit();
        }
        String rules =
                pick(List.of("pick", "drop", "pick"))
                        + " %.~2%\n"
                        + pick(List.of("pick", "fold", "roll", "drop"))
                        + " %.^%\n"
                        + pick(List.of("pick", "fold", "roll", "drop", "edit"))
                        + " %.%\n";
        if (chance(30)) { // in another order
            rules = "pick %.%\npick %.~2%\npick %.^%\n";
        }
        file("write", "rules", rules);
        hg("histedit", "-r", ".~2", "--commands", "../rules");
        if (chance(20)) {
            hg("histedit", chance(50) ? "--abort" : "--continue");
        }
    }

    // names and visibility of changesets

    private void strip() {
        hg("strip", chance(30) ? "--keep" : "--force", "-r", revset());
    }

    private void phase() {
        String to = pick(List.of("--public", "--draft", "--secret"));
        hg("phase", chance(60) ? "--force" : "--verbose", to, "-r", revset());
    }

    private void bookmark() {
        String name = pick(BOOKMARKS);
        switch (random.nextInt(5)) {
            case 0 -> hg("bookmark", "--force", name);
            case 1 -> hg("bookmark", "--force", "-r", revset(), name);
            case 2 -> hg("bookmark", "--delete", name);
            case 3 -> hg("bookmark", "--rename", name, pick(BOOKMARKS));
            default -> hg("bookmark", "--inactive", name);
        }
    }

    private void tag() {
        switch (random.nextInt(4)) {
            case 0 -> hg("tag", "--local", "--force", "-r", revset(), "local");
            case 1 -> hg("tag", "--remove", "-d", ++number + " 0", "t0");
            default -> hg("tag", "--force", "-d", ++number + " 0", "-r", revset(), "t0");
        }
    }

    private void branch() {
        hg("branch", "--force", pick(List.of("default", "side", "br" + random.nextInt(2))));
        if (chance(70)) {
            hg("commit", "-m", "on a branch " + ++number, "-d", number + " 0");
        }
    }

    private void markObsolete() {
        String node = "%" + revset() + "%";
        if (chance(50)) {
            hg("debugobsolete", "--record-parents", node);
        } else {
            hg("debugobsolete", node, "%" + revset() + "%");
        }
    }

    // the working directory

    private void update() {
        if (chance(70)) {
            hg("update", "--clean", "-r", revset());
        } else {
            hg("update", "-r", revset(), "--tool", ":local");
        }
    }

    private void changeFile() {
        String path = where() + "/" + pick(FILES);
        switch (random.nextInt(8)) {
            case 0 -> file("executable", path);
            case 1 -> file("plain", path);
            case 2 -> file("delete", path);
            case 3 -> file("move", path, where() + "/" + pick(FILES));
            case 4 -> file("append", path, "appended " + ++number + "\n");
            case 5 -> file("write", path, "one\ntwo\nline " + ++number + "\n");
            // of equal length
            default -> file("write", path, "change %04d\n".formatted(++number));
        }
    }

    private void manageFile() {
        String file = pick(FILES);
        switch (random.nextInt(8)) {
            case 0 -> hg("rename", file, "renamed" + ++number);
            case 1 -> hg("copy", file, "copy" + ++number);
            case 2 -> hg("remove", "--force", file);
            case 3 -> hg("forget", file);
            case 4 -> hg("addremove", "--similarity", "80");
            case 5 -> hg("revert", "--all", "--no-backup");
            case 6 -> hg("revert", "-r", revset(), file);
            default -> hg("add", file);
        }
    }

    private void shelve() {
        changeFile();
        String name = "s" + random.nextInt(2);
        if (chance(90)) {
            hg("shelve", "--name", name, "--date", "0 0", chance(50) ? "--addremove" : "--verbose");
        }
        if (chance(40)) {
            update();
        }
        hg("unshelve", "--name", name, "--tool", ":other");
        if (chance(20)) {
            hg("unshelve", "--abort");
        }
    }

    private void undo() {
        switch (random.nextInt(4)) {
            case 0 -> hg("rollback");
            case 1 -> hg("recover");
            case 2 -> hg("backout", "-r", revset(), "-d", "5 0", "-m", "backout " + ++number);
            default -> hg("update", "--clean", "-r", ".");
        }
    }

    /** Ends an operation that may be in progress; mostly none is. */
    private void finish() {
        hg("resolve", "--mark", "--all");
        String how = chance(60) ? "--abort" : "--continue";
        hg(pick(List.of("rebase", "histedit", "graft", "unshelve", "merge")), how);
    }

    // other repositories

    private void pull() {
        if (chance(60)) {
            file("append", "other/in-other", "more " + ++number + "\n");
            in("other", "commit", "-m", "in other " + number, "-d", number + " 0");
        }
        hg("pull", chance(50) ? "--update" : "--verbose", "../other");
    }

    private void push() {
        if (chance(30)) {
            hg("push", "--force", "-r", revset(), "../other");
        } else {
            hg("push", "--force", "../other");
        }
    }

    private void share() {
        if (!shared) {
            in(".", "share", "--bookmarks", "repo", "share");
            shared = true;
        } else {
            commit();
        }
    }

    // configuration

    private void configure() {
        file("write", "repo/.hg/hgrc", PATHS + (chance(50) ? EVOLUTION : "") + pick(SETTINGS));
    }

    /** A later step may change the setting back. */
    private void configureUser() {
        file("append", "home/.hgrc", pick(SETTINGS));
    }

    // helpers

    private String revset() {
        return pick(REVSETS);
    }

    private String mostly(List<String> these) {
        return chance(75) ? pick(these) : revset();
    }

    private String where() {
        return shared && random.nextInt(3) == 0 ? "share" : "repo";
    }

    private void hg(String... command) {
        in(where(), command);
    }

    private void in(String where, String... command) {
        steps.add(Step.of(where, command));
    }

    private void file(String... words) {
        steps.add(Step.of(Step.FILES, words));
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private <T> T pick(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }
}
