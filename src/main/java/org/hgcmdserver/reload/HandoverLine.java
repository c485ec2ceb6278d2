package org.hgcmdserver.reload;

/** A line of a {@link Handover} that is read; each error is a sentence that names the line. */
final class HandoverLine {

    private static final int LONGEST_QUOTE = 60;

    private final int number;
    private final String text;
    private final String[] words;

    /**
     * @param number counts from 1
     */
    HandoverLine(int number, String text) {
        this.number = number;
        this.text = text;
        words = text.split(" ");
    }

    /** The first word. */
    String kind() {
        return words.length == 0 ? "" : words[0];
    }

    /**
     * @param at counts from 0, the kind
     * @param what the word's name in {@link Handover}
     */
    String word(int at, String what) {
        if (at >= words.length) {
            throw wrong("has no " + what);
        }
        return words[at];
    }

    /** This word and all that follow. */
    String rest(int at, String what) {
        word(at, what);
        return text.split(" ", at + 1)[at];
    }

    long number(int at, String what) {
        try {
            return Long.parseLong(word(at, what));
        } catch (NumberFormatException e) {
            throw wrong(at, what, "is no number");
        }
    }

    /** A process id: other numbers mean groups or all to kill(2) and waitid(2). */
    int process(int at, String what) {
        long pid = number(at, what);
        if (pid <= 0 || pid > Integer.MAX_VALUE) {
            throw wrong(at, what, "is no process");
        }
        return (int) pid;
    }

    int descriptor(int at, String what) {
        int fd = descriptorOrNone(at, what);
        if (fd < 0) {
            throw wrong(at, what, "is no descriptor");
        }
        return fd;
    }

    /** A descriptor, or -1. */
    int descriptorOrNone(int at, String what) {
        long fd = number(at, what);
        if (fd < -1 || fd > Integer.MAX_VALUE) {
            throw wrong(at, what, "is no descriptor");
        }
        return (int) fd;
    }

    /** The constant that the word names. */
    <E extends Enum<E>> E constant(Class<E> type, int at, String what) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(word(at, what))) {
                return constant;
            }
        }
        throw wrong(at, what, "is none");
    }

    private IllegalArgumentException wrong(int at, String what, String why) {
        return wrong("has the %s %s, which %s".formatted(what, quoted(words[at]), why));
    }

    private IllegalArgumentException wrong(String why) {
        return new IllegalArgumentException(
                "its line %d, %s, %s".formatted(number, quoted(text), why));
    }

    /** The beginning of a text that may be anything. */
    static String quoted(String text) {
        String printable = text.replaceAll("\\p{Cntrl}", "?");
        return '"'
                + (printable.length() > LONGEST_QUOTE
                        ? printable.substring(0, LONGEST_QUOTE) + "..."
                        : printable)
                + '"';
    }
}
