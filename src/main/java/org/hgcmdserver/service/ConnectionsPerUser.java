package org.hgcmdserver.service;

import java.util.HashMap;
import java.util.Map;

/** Counts the connections of each user, and knows how many one user may have. */
final class ConnectionsPerUser {

    private final int limit;
    private final Map<Long, Integer> counts = new HashMap<>();

    ConnectionsPerUser(int limit) {
        this.limit = limit;
    }

    boolean hasRoom(long uid) {
        return counts.getOrDefault(uid, 0) < limit;
    }

    void began(long uid) {
        counts.merge(uid, 1, Integer::sum);
    }

    void ended(long uid) {
        counts.computeIfPresent(uid, (u, n) -> n == 1 ? null : n - 1);
    }
}
