package org.hgcmdserver.it;

import org.junit.jupiter.api.Assumptions;

/** Tests that cannot run everywhere. The reason is printed: the report alone hides it. */
final class LeftOut {

    private LeftOut() {}

    /** Skips the test, and says why, unless it is possible here. */
    static void unless(boolean possible, String reason) {
        if (!possible) {
            System.out.println("left out: " + reason);
        }
        Assumptions.assumeTrue(possible, reason);
    }
}
