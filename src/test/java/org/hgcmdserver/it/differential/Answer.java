package org.hgcmdserver.it.differential;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** A command's output and exit status. */
record Answer(String status, String out, String err) {

    /** The output of a Mercurial that failed: a traceback, or the end of the connection. */
    static final Answer CRASH = new Answer("crash", "", "");

    /** The message of dispatch.handlecommandexception, with and without a suspected extension. */
    private static final Pattern EXCEPTION =
            Pattern.compile("^\\*\\* [Uu]nknown exception encountered", Pattern.MULTILINE);

    private static final String UNKNOWN_PARENT = "warning: ignoring unknown working parent";

    /**
     * The answer with placeholders for the differences that the two sides cannot avoid: the path of
     * their repositories, and whether the dirstate has a file's time, which depends on the second.
     */
    static Answer of(int status, String out, String err, Path root) {
        if (EXCEPTION.matcher(err).find()) {
            return CRASH;
        }
        String said = err.contains(UNKNOWN_PARENT) ? "" : common(out, root);
        return new Answer(String.valueOf(status), said, common(err, root));
    }

    /**
     * Whether the working directory's parent is gone, such as a changeset stripped from the source
     * of a share. The files that count as changed then depend on whether the dirstate has their
     * times.
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
