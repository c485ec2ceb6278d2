package org.hgcmdserver.worker.prefork;

import java.util.List;

/** {@link ChgPools#RULES} for tests of other packages. */
public final class ChgRules {

    private ChgRules() {}

    public static List<String> all() {
        return ChgPools.RULES;
    }
}
