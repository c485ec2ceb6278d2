package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConnectionsPerUserTest {

    private final ConnectionsPerUser count = new ConnectionsPerUser(2);

    @Test
    void eachUserHasRoomForTheLimit() {
        count.began(1);
        assertThat(count.hasRoom(1)).isTrue();
        count.began(1);
        assertThat(count.hasRoom(1)).isFalse();
        assertThat(count.hasRoom(2)).isTrue();
        count.ended(1);
        assertThat(count.hasRoom(1)).isTrue();
        count.ended(1);
        count.ended(1); // one end too many does no harm
        count.began(1);
        count.began(1);
        assertThat(count.hasRoom(1)).isFalse();
    }
}
