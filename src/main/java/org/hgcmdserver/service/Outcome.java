package org.hgcmdserver.service;

/** How {@link ForkingService#run} ended. */
public enum Outcome {
    /** All workers have exited. */
    DRAINED,
    /** The drain was given up; the workers that are left finish by themselves. */
    ABANDONED
}
