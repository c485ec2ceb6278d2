package org.hgcmdserver.listener;

import java.util.Set;

/**
 * The client's process, as the kernel recorded it at connect(2) (SO_PEERCRED and SO_PEERGROUPS in
 * unix(7) and socket(7)).
 *
 * @param pid the process id; 0 if it is not known, or in another pid namespace
 * @param uid the effective user; -1 if it is not known
 * @param gid the effective group; -1 if it is not known
 * @param groups the supplementary groups
 */
public record Peer(long pid, long uid, long gid, Set<Long> groups) {

    /** A peer without supplementary groups. */
    public Peer(long pid, long uid, long gid) {
        this(pid, uid, gid, Set.of());
    }

    @Override
    public String toString() {
        return "pid " + pid + ", uid " + uid + ", gid " + gid;
    }
}
