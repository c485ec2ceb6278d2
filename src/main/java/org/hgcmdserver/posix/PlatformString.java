package org.hgcmdserver.posix;

import java.nio.charset.Charset;

/**
 * Strings to the bytes the operating system sees, in the encoding in which the JVM decoded its own
 * arguments and decodes file names ({@code sun.jnu.encoding}), so that a path given on the command
 * line comes out as it went in.
 */
public final class PlatformString {

    private static final Charset CHARSET =
            Charset.forName(
                    System.getProperty("sun.jnu.encoding", Charset.defaultCharset().name()));

    private PlatformString() {}

    public static byte[] encode(String s) {
        return s.getBytes(CHARSET);
    }

    public static String decode(byte[] bytes) {
        return new String(bytes, CHARSET);
    }
}
