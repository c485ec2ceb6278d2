package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.junit.jupiter.api.Test;

class TurnsTest {

    private final Turns turns = new Turns();

    /** The connection's pid stands for the time of its arrival. */
    private void arrive(long pid, long uid) {
        turns.add(new Connection(-1, new Peer(pid, uid, 0)));
    }

    private List<Long> rest() {
        List<Long> pids = new ArrayList<>();
        while (!turns.isEmpty()) {
            pids.add(turns.next().peer().pid());
        }
        return pids;
    }

    @Test
    void usersAlternateAndEachOnesConnectionsStayInOrder() {
        arrive(1, 1000);
        arrive(2, 1000);
        arrive(3, 1000);
        arrive(4, 1001);
        arrive(5, 1001);
        arrive(6, 1002);
        assertThat(turns.size()).isEqualTo(6);
        assertThat(rest()).containsExactly(1L, 4L, 6L, 2L, 5L, 3L);
        assertThat(turns.size()).isZero();
    }

    @Test
    void userWhoReturnsComesBehindThoseWhoWait() {
        arrive(1, 1000);
        arrive(2, 1000);
        arrive(3, 1001);
        assertThat(turns.next().peer().pid()).isEqualTo(1);
        arrive(4, 1002);
        assertThat(rest()).containsExactly(3L, 2L, 4L);
    }

    @Test
    void allAreListedInEachUsersOrder() {
        arrive(1, 1000);
        arrive(2, 1001);
        arrive(3, 1000);
        assertThat(turns.all()).extracting(c -> c.peer().pid()).containsExactly(1L, 3L, 2L);
    }
}
