package org.hgcmdserver.posix;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Strings for the bytes of the operating system: arguments, variables, paths.
 *
 * <p>On Linux these are bytes of no particular encoding, and a String preserves every byte,
 * whatever the locale: this class decodes UTF-8, and turns a byte that is not valid UTF-8 into a
 * lone surrogate, U+DC80 to U+DCFF, like Python's "surrogateescape" (PEP 383). This holds for bytes
 * that come from the kernel; strings that the JVM has decoded ({@code System.getenv}, its own
 * arguments) may have lost some already. Other systems use the encoding in which the JVM decodes
 * its own arguments and file names ({@code sun.jnu.encoding}).
 */
public final class PlatformString {

    private static final Charset ELSEWHERE =
            Charset.forName(
                    System.getProperty("sun.jnu.encoding", Charset.defaultCharset().name()));

    /** This plus a byte above 0x7f is the surrogate for the byte. */
    private static final char ESCAPE = '\udc00';

    private PlatformString() {}

    public static byte[] encode(String s) {
        if (!Os.LINUX) {
            return s.getBytes(ELSEWHERE);
        }
        ByteBuffer bytes = ByteBuffer.allocate(s.length() * 3);
        int from = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < s.length()
                    && Character.isLowSurrogate(s.charAt(i + 1))) {
                i++;
            } else if (c >= ESCAPE + 0x80 && c <= ESCAPE + 0xff) {
                bytes.put(s.substring(from, i).getBytes(StandardCharsets.UTF_8));
                bytes.put((byte) (c - ESCAPE));
                from = i + 1;
            }
        }
        bytes.put(s.substring(from).getBytes(StandardCharsets.UTF_8));
        byte[] result = new byte[bytes.flip().remaining()];
        bytes.get(result);
        return result;
    }

    public static String decode(byte[] bytes) {
        if (!Os.LINUX) {
            return new String(bytes, ELSEWHERE);
        }
        CharsetDecoder decoder =
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(in, out, true);
        while (result.isError()) {
            for (int i = 0; i < result.length(); i++) {
                out.put((char) (ESCAPE + (in.get() & 0xff)));
            }
            result = decoder.decode(in, out, true);
        }
        return out.flip().toString();
    }
}
