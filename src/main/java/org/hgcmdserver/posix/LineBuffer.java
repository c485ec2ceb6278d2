package org.hgcmdserver.posix;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Lines of UTF-8 from bytes that arrive in pieces, which may end within a character. */
final class LineBuffer {

    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();

    /** Returns the lines that {@code bytes} completes. */
    List<String> add(byte[] bytes) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                partial.write(bytes, start, i - start);
                lines.add(partial.toString(StandardCharsets.UTF_8));
                partial.reset();
                start = i + 1;
            }
        }
        partial.write(bytes, start, bytes.length - start);
        return lines;
    }
}
