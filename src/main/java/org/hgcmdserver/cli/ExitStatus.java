package org.hgcmdserver.cli;

/** The exit statuses of hg-cmdserver itself; {@code run} exits with the command's own. */
final class ExitStatus {

    static final int OK = 0;
    static final int FAILURE = 1;

    /**
     * No server listens at the socket, or none that is to be used; like "program is not running" of
     * an init script (LSB).
     */
    static final int NOT_RUNNING = 3;

    /** sysexits(3), EX_USAGE: an option's name or value on the command line is wrong. */
    static final int USAGE = 64;

    /** sysexits(3), EX_TEMPFAIL: a stop has left workers behind. */
    static final int WORKERS_LEFT = 75;

    /** sysexits(3), EX_CONFIG: a configuration file has an error. */
    static final int CONFIG = 78;

    private ExitStatus() {}
}
