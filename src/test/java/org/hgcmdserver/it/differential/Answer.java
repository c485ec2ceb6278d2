package org.hgcmdserver.it.differential;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** What a command said, and with what status it ended. */
record Answer(String status, String out, String err) {

    /** Of a Mercurial that failed: a traceback, or the end of the connection. */
    static final Answer CRASH = new Answer("crash", "", "");

    /** As dispatch.handlecommandexception has it, with and without an extension to suspect. */
    private static final Pattern EXCEPTION =
            Pattern.compile("^\\*\\* [Uu]nknown exception encountered", Pattern.MULTILINE);

    private static final String UNKNOWN_PARENT = "warning: ignoring unknown working parent";

    /**
     * With names instead of what the two sides cannot have in common: the place of their
     * repositories, and whether a file's time stood in the dirstate, which depends on the second.
     */
    static Answer of(int status, String out, String err, Path root) {
        if (EXCEPTION.matcher(err).find()) {
            return CRASH;
        }
        String said = err.contains(UNKNOWN_PARENT) ? "" : common(out, root);
        return new Answer(String.valueOf(status), said, common(err, root));
    }

    /**
     * Whether the working directory is of a changeset that is gone, such as one that was stripped
     * from the source of a share. Which files pass as changed then depends on whether their times
     * stand in the dirstate.
     */
    boolean isOfUnknownParent() {
        return err.contains(UNKNOWN_PARENT);
    }

    private static String common(String text, Path root) {
        return text.replace(root.toString(), "@")
                .replaceAll("(?m)^n +\\w+ +-?\\d+ (un)?set +", "n ");
    }

    boolean succeeded() {
        return status.equals("0");
    }

    @Override
    public String toString() {
        return "status " + status + "\n" + indented("| ", out) + indented("! ", err);
    }

    private static String indented(String prefix, String text) {
        return text.lines()
                .map(line -> prefix + line + "\n")
                .collect(java.util.stream.Collectors.joining());
    }
}
