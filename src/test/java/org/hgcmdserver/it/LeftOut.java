package org.hgcmdserver.it;

import org.junit.jupiter.api.Assumptions;

/** Skips tests that cannot run everywhere, and prints the reason, since the report hides it. */
final class LeftOut {

    private LeftOut() {}

    /** Skips the test, and prints the reason, unless the test is possible here. */
    static void unless(boolean possible, String reason) {
        if (!possible) {
            System.out.println("left out: " + reason);
        }
        Assumptions.assumeTrue(possible, reason);
    }
}
