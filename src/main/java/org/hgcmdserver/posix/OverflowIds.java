package org.hgcmdserver.posix;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * The uid and the gid that the kernel reports in place of all those that this user namespace does
 * not have (user_namespaces(7)). They are also those of a user and a group, nobody, whom nothing
 * tells apart from the others.
 */
public final class OverflowIds {

    private static final long LINUX = 65534; // DEFAULT_OVERFLOWUID in highuid.h
    private static final long NONE = -1;
    private static final int MOST_DIGITS = 32;

    private static final long UID = read("overflowuid");
    private static final long GID = read("overflowgid");

    private OverflowIds() {}

    /** -1 if the system has no user namespaces. */
    public static long uid() {
        return UID;
    }

    public static boolean isUid(long uid) {
        return uid == UID && uid != NONE;
    }

    public static boolean isGid(long gid) {
        return gid == GID && gid != NONE;
    }

    private static long read(String name) {
        if (!Os.LINUX) {
            return NONE;
        }
        // not Files.readString, which reads one byte first: the kernel gives a number to one
        // read(2) alone
        try (InputStream file = new FileInputStream("/proc/sys/kernel/" + name)) {
            byte[] digits = new byte[MOST_DIGITS];
            int size = Math.max(0, file.read(digits));
            return Long.parseLong(new String(digits, 0, size, ISO_8859_1).strip());
        } catch (IOException | NumberFormatException noProc) {
            return LINUX;
        }
    }
}
