package org.hgcmdserver.posix;

import jnr.constants.platform.Signal;

/**
 * How a child process ended, decoded from the status of wait(2).
 *
 * @param pid the process id
 * @param status the argument of exit(3), 0 to 255; 0 if a signal ended the process, -1 if not known
 * @param signal the number of the signal that ended the process; 0 if none
 */
public record Exit(int pid, int status, int signal) {

    private static final int UNKNOWN = -1;

    static Exit of(int pid, int waitStatus) {
        int signal = waitStatus & 0x7f;
        return new Exit(pid, signal == 0 ? (waitStatus >> 8) & 0xff : 0, signal);
    }

    /** The exit of a process for which another image of the program has waited. */
    public static Exit unknown(int pid) {
        return new Exit(pid, UNKNOWN, 0);
    }

    /** Whether it is known how the process ended. */
    public boolean isKnown() {
        return status != UNKNOWN;
    }

    public boolean bySignal() {
        return signal != 0;
    }

    /** Such as "SIGSEGV". */
    public String signalName() {
        if (signal == Signal.SIGABRT.intValue()) {
            return "SIGABRT"; // the table has its older name
        }
        Signal known = Signal.valueOf(signal);
        return known == Signal.__UNKNOWN_CONSTANT__ ? "signal " + signal : known.name();
    }

    /** Such as "status 255" or "killed by SIGKILL". */
    public String description() {
        if (bySignal()) {
            return "killed by " + signalName();
        }
        return status == UNKNOWN ? "status not known" : "status " + status;
    }
}
