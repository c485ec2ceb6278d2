package org.hgcmdserver.service;

import java.util.Set;
import java.util.TreeSet;
import org.hgcmdserver.listener.Peer;

/**
 * Who may connect: one of the users, or a member of one of the groups, whether that is its primary
 * one or another. What counts are the groups of the client's process, as for files: who was added
 * to a group is a member from the next login on.
 */
public record AccessRules(Set<Long> users, Set<Long> groups) {

    public AccessRules {
        users = Set.copyOf(users);
        groups = Set.copyOf(groups);
    }

    @Override
    public String toString() {
        String sorted = "users " + new TreeSet<>(users);
        return groups.isEmpty() ? sorted : sorted + ", members of groups " + new TreeSet<>(groups);
    }

    /** A peer that the system does not tell is nobody. */
    public boolean permit(Peer peer) {
        return users.contains(peer.uid())
                || groups.contains(peer.gid())
                || peer.groups().stream().anyMatch(groups::contains);
    }
}
