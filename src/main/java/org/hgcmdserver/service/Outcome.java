package org.hgcmdserver.service;

/** How {@link ForkingService#run} ended. */
public enum Outcome {
    /** All workers have exited. */
    DRAINED,
    /** The time for the drain is over; the remaining workers finish on their own. */
    TIMED_OUT,
    /** The drain was abandoned; the remaining workers finish on their own. */
    ABANDONED
}
