package org.hgcmdserver.posix;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** Encodes texts of any bytes as ASCII words without blanks, for lines of words: URL encoding. */
public final class Words {

    private Words() {}

    /**
     * @param text as {@link PlatformString} decodes
     */
    public static String encode(String text) {
        String bytes = new String(PlatformString.encode(text), StandardCharsets.ISO_8859_1);
        return URLEncoder.encode(bytes, StandardCharsets.ISO_8859_1);
    }

    /**
     * @throws IllegalArgumentException if {@code word} was not made by {@link #encode}
     */
    public static String decode(String word) {
        String bytes = URLDecoder.decode(word, StandardCharsets.ISO_8859_1);
        return PlatformString.decode(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }
}
