package org.hgcmdserver.listener;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.hgcmdserver.posix.Users;

/**
 * The client's process, as the kernel recorded it at connect(2) (SO_PEERCRED and SO_PEERGROUPS in
 * unix(7) and socket(7)).
 *
 * @param pid the process id; 0 if it is not known, or in another pid namespace
 * @param uid the effective user; -1 if it is not known, which no user is
 * @param gid the effective group; -1 if it is not known, which no group is
 * @param groups the supplementary groups
 */
public record Peer(long pid, long uid, long gid, Set<Long> groups) {

    /** A peer without supplementary groups. */
    public Peer(long pid, long uid, long gid) {
        this(pid, uid, gid, Set.of());
    }

    /**
     * Whether the client is chg (chg(1)), as its program's file is named; for another user's
     * process, as that process says. Always false where the system has no proc(5).
     */
    public boolean isChg() {
        Path process = Path.of("/proc/" + pid);
        try {
            Path program = Files.readSymbolicLink(process.resolve("exe"));
            return String.valueOf(program.getFileName()).replace(" (deleted)", "").equals("chg");
        } catch (AccessDeniedException e) {
            return isNamedChg(process);
        } catch (IOException | UnsupportedOperationException e) { // the client has gone
            return false;
        }
    }

    private static boolean isNamedChg(Path process) {
        try {
            return Files.readString(process.resolve("comm"), ISO_8859_1).equals("chg\n");
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether the client is chg, started by this process's own user. */
    public boolean isOwnChg() {
        return uid == Users.self() && isChg();
    }

    @Override
    public String toString() {
        return "pid " + pid + ", " + Users.nameAndId(uid) + ", gid " + gid;
    }
}
