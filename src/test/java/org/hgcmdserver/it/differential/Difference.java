package org.hgcmdserver.it.differential;

/**
 * A difference between the daemon's side and plain hg's.
 *
 * @param step the step's number, from 0; at the end one more than the last step's
 * @param key the name of the query and its repository; null for the step's own answer
 * @param what the query or command
 * @param again the answer to the same question asked again, if possible
 */
record Difference(int step, String key, String what, Answer expected, Answer seen, String again) {

    /** Whether in this trace the answer is the one that the daemon gave. */
    boolean isSeenBy(Trace trace) {
        return seen.equals(trace.answer(step, key));
    }

    @Override
    public String toString() {
        return "step %d, %s%n-- plain hg:%n%s-- through the daemon:%n%s%s"
                .formatted(step + 1, what, expected, seen, again);
    }
}
