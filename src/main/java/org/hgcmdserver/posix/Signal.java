package org.hgcmdserver.posix;

/**
 * The signals that this program sends, receives or names (signal(7)), with the platform's numbers.
 */
public enum Signal {
    SIGHUP,
    SIGINT,
    SIGQUIT,
    SIGKILL,
    SIGTERM,
    SIGURG;

    private static final Signal[] ALL = values();

    private final int number = Constants.signal(name());

    /** Null for a number that is not one of these. */
    static Signal of(int number) {
        for (Signal signal : ALL) {
            if (signal.number == number) {
                return signal;
            }
        }
        return null;
    }

    public int number() {
        return number;
    }
}
