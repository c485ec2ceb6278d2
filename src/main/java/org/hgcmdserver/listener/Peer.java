package org.hgcmdserver.listener;

/**
 * Who connected, as the kernel recorded it at connect(2) (SO_PEERCRED in unix(7)).
 *
 * @param pid the process; 0 if it is not known, or in another pid namespace
 * @param uid its effective user; -1 if it is not known
 * @param gid its effective group; -1 if it is not known
 */
public record Peer(long pid, long uid, long gid) {

    @Override
    public String toString() {
        return "pid " + pid + ", uid " + uid + ", gid " + gid;
    }
}
