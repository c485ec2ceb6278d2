package org.hgcmdserver.it.differential;

/**
 * Where the daemon's side was not as plain hg's.
 *
 * @param step its number, from 0; one more than the last in the end
 * @param what was asked or done
 * @param again the same answer asked for once more, if that is possible
 */
record Difference(int step, String what, Answer expected, Answer seen, String again) {

    @Override
    public String toString() {
        return "step %d, %s%n-- plain hg:%n%s-- through the daemon:%n%s%s"
                .formatted(step + 1, what, expected, seen, again);
    }
}
