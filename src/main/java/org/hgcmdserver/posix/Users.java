package org.hgcmdserver.posix;

import com.sun.security.auth.module.UnixSystem;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.Passwd;

/** User ids and names. */
public final class Users {

    private Users() {}

    /** Loaded when first asked for a name: loading jnr-posix takes as long as starting the rest. */
    private static final class Names {
        static final POSIX POSIX = POSIXFactory.getPOSIX();
    }

    /** Whether this process runs as root. */
    public static boolean isRoot() {
        return new UnixSystem().getUid() == 0;
    }

    /** The user's name in the system's user database (getpwuid(3)), or "uid N" if it has none. */
    public static String name(long uid) {
        Passwd user = Names.POSIX.getpwuid((int) uid);
        return user == null ? "uid " + uid : user.getLoginName();
    }
}
