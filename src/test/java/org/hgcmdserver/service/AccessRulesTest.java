package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.hgcmdserver.listener.Peer;
import org.junit.jupiter.api.Test;

class AccessRulesTest {

    private final AccessRules rules = new AccessRules(Set.of(1000L), Set.of(50L));

    @Test
    void users() {
        assertThat(rules.permit(new Peer(1, 1000, 1))).isTrue();
        assertThat(rules.permit(new Peer(1, 1001, 1))).isFalse();
        assertThat(rules.permit(new Peer(1, 0, 0))).as("root is a user like any other").isFalse();
    }

    @Test
    void groupsWhetherPrimaryOrNot() {
        assertThat(rules.permit(new Peer(1, 7, 50))).isTrue();
        assertThat(rules.permit(new Peer(1, 7, 8, Set.of(49L, 50L)))).isTrue();
        assertThat(rules.permit(new Peer(1, 7, 8, Set.of(49L, 51L)))).isFalse();
    }

    @Test
    void unknownPeerIsNobody() {
        assertThat(rules.permit(new Peer(0, -1, -1))).isFalse();
        assertThat(new AccessRules(Set.of(), Set.of()).permit(new Peer(1, 0, 0))).isFalse();
    }

    @Test
    void idsAreUnsigned() {
        AccessRules nobody = new AccessRules(Set.of(0xfffffffeL), Set.of());
        assertThat(nobody.permit(new Peer(1, 0xfffffffeL, 1))).isTrue();
    }
}
