package org.hgcmdserver.posix;

import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import jnr.posix.Group;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;

/** User ids and names. */
public final class Users {

    private static final String NUMBER = "\\d{1,9}|[1-3]\\d{9}|4[01]\\d{8}";

    /** Of a uid that is not known: see {@link PeerCredentials}. */
    private static final String UNKNOWN = "an unknown user";

    private static final Map<Long, String> NAMES = new ConcurrentHashMap<>();

    private Users() {}

    /**
     * Loaded to look up the number of a group: loading jnr-posix takes as long as starting the
     * rest.
     */
    private static final class Names {
        static final POSIX POSIX = POSIXFactory.getPOSIX();
    }

    /** Whether this process runs as root. */
    public static boolean isRoot() {
        return self() == 0;
    }

    /** The effective user of this process (geteuid(2)), which may have no name. */
    public static long self() {
        return Integer.toUnsignedLong(LibC.geteuid());
    }

    /** The id of a user by name (getpwnam(3)) or by number; empty if there is no such name. */
    public static OptionalLong userId(String nameOrNumber) {
        if (nameOrNumber.matches(NUMBER)) {
            return OptionalLong.of(Long.parseLong(nameOrNumber));
        }
        return lookUpId(nameOrNumber);
    }

    /** Not by jnr-posix, since each command of a client may name its server's user. */
    private static synchronized OptionalLong lookUpId(String name) {
        long user = LibC.getpwnam(NativeMemory.path(name));
        return user == 0
                ? OptionalLong.empty()
                // pw_uid, after two pointers on all platforms
                : OptionalLong.of(
                        Integer.toUnsignedLong(
                                NativeMemory.intsAt(user + 2 * NativeMemory.WORD, 1)[0]));
    }

    /** The id of a group by name (getgrnam(3)) or by number; empty if there is no such name. */
    public static OptionalLong groupId(String nameOrNumber) {
        if (nameOrNumber.matches(NUMBER)) {
            return OptionalLong.of(Long.parseLong(nameOrNumber));
        }
        Group group = Names.POSIX.getgrnam(nameOrNumber);
        return group == null ? OptionalLong.empty() : OptionalLong.of(group.getGID() & 0xffffffffL);
    }

    /**
     * The user's name in the system's user database (getpwuid(3)), or "uid N" if it has none; "an
     * unknown user" for -1. Asks once for each user, since the database may be on another host.
     */
    public static String name(long uid) {
        if (uid < 0) {
            return UNKNOWN;
        }
        String known = NAMES.computeIfAbsent(uid, Users::lookUpName);
        return known == null ? "uid " + uid : known;
    }

    /** Null if the database does not have the user, or cannot be asked at the moment. */
    private static synchronized String lookUpName(long uid) {
        long user = LibC.getpwuid((int) uid);
        return user == 0
                ? null
                // pw_name, the first member of struct passwd on all platforms
                : PlatformString.decode(NativeMemory.stringAt(NativeMemory.wordAt(user)));
    }

    /** "NAME (uid N)" for the log, or "uid N" if the user has no name. */
    public static String nameAndId(long uid) {
        if (uid < 0) {
            return UNKNOWN;
        }
        String id = "uid " + uid;
        return name(uid).equals(id) ? id : name(uid) + " (" + id + ")";
    }
}
