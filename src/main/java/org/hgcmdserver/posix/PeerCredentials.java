package org.hgcmdserver.posix;

import java.util.HashSet;
import java.util.Set;

/**
 * The process at the other end of a connection, its effective user and group, and its supplementary
 * groups, as of connect(2) or listen(2); -1 for an id that the system does not report, or that it
 * reports for any user or group of another user namespace: nobody's, too, is that of no one.
 */
public record PeerCredentials(int pid, long uid, long gid, Set<Long> groups) {

    private static final int SOL_SOCKET = Constants.SOL_SOCKET;
    private static final int SO_PEERCRED = 17;
    private static final int UCRED_SIZE = 12; // pid, uid, gid
    private static final int SO_PEERGROUPS = 59;
    private static final int SOME_GROUPS = 64;
    private static final int MAX_GROUPS = 65536; // NGROUPS_MAX in limits.h
    private static final int XU_GROUPS = 16;
    private static final int SOL_LOCAL = 0; // macOS: sys/un.h, sys/ucred.h
    private static final int LOCAL_PEERCRED = 1;
    private static final int LOCAL_PEERPID = 2;
    private static final int XUCRED_SIZE = 76; // version, uid, number of groups, groups
    private static final PeerCredentials UNKNOWN = new PeerCredentials(0, -1, -1, Set.of());

    /** Asks the kernel: SO_PEERCRED in unix(7); LOCAL_PEERPID and LOCAL_PEERCRED on macOS. */
    public static PeerCredentials of(int connectedFd) {
        if (Os.LINUX) {
            NativeMemory ucred =
                    UnixSocket.option(connectedFd, SOL_SOCKET, SO_PEERCRED, UCRED_SIZE);
            return ucred == null
                    ? UNKNOWN
                    : credentials(
                            ucred.getInt(0),
                            ucred.getInt(4),
                            ucred.getInt(8),
                            peerGroups(connectedFd));
        }
        NativeMemory pid = UnixSocket.option(connectedFd, SOL_LOCAL, LOCAL_PEERPID, 4);
        NativeMemory xucred =
                UnixSocket.option(connectedFd, SOL_LOCAL, LOCAL_PEERCRED, XUCRED_SIZE);
        return pid == null || xucred == null
                ? UNKNOWN
                : credentials(
                        pid.getInt(0),
                        xucred.getInt(4),
                        xucred.getInt(12),
                        ids(xucred, 12, Math.min(XU_GROUPS, xucred.getShort(8))));
    }

    /** Needs Linux 4.13; older kernels report no groups. */
    private static Set<Long> peerGroups(int fd) {
        for (int count = SOME_GROUPS; count <= MAX_GROUPS; count *= 32) {
            NativeMemory groups = NativeMemory.allocate(4 * count);
            NativeMemory length = NativeMemory.allocate(4);
            length.putInt(0, 4 * count);
            if (LibC.getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, length) == 0) {
                return ids(groups, 0, length.getInt(0) / 4);
            }
            if (!PosixException.lastWas(Errno.ERANGE)) {
                return Set.of();
            }
        }
        return Set.of();
    }

    private static Set<Long> ids(NativeMemory memory, int offset, int count) {
        Set<Long> ids = new HashSet<>();
        for (int i = 0; i < count; i++) {
            ids.add(Integer.toUnsignedLong(memory.getInt(offset + 4 * i)));
        }
        ids.removeIf(OverflowIds::isGid);
        return Set.copyOf(ids);
    }

    private static PeerCredentials credentials(int pid, int uid, int gid, Set<Long> groups) {
        long user = Integer.toUnsignedLong(uid);
        long group = Integer.toUnsignedLong(gid);
        return new PeerCredentials(
                pid,
                OverflowIds.isUid(user) ? -1 : user,
                OverflowIds.isGid(group) ? -1 : group,
                groups);
    }
}
