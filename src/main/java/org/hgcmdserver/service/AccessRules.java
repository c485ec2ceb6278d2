package org.hgcmdserver.service;

import java.util.Set;
import java.util.TreeSet;
import org.hgcmdserver.listener.Peer;

/**
 * Who may connect: each of the users, and each member of one of the groups, primary or
 * supplementary. The groups of the client's process count, as for files: a user added to a group is
 * a member from the next login on.
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

    /** Permits no peer whose credentials the system does not report. */
    public boolean permit(Peer peer) {
        return users.contains(peer.uid())
                || groups.contains(peer.gid())
                || peer.groups().stream().anyMatch(groups::contains);
    }
}
