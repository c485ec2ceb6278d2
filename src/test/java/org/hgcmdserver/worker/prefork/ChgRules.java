package org.hgcmdserver.worker.prefork;

import java.util.List;

/** {@link ChgClient#RULES} for tests of other packages. */
public final class ChgRules {

    private ChgRules() {}

    public static List<String> all() {
        return ChgClient.RULES;
    }
}
