package org.hgcmdserver.posix;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** A message is a line, and ends with a newline. */
final class LineFraming implements MessageFraming {

    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();

    @Override
    public List<byte[]> add(byte[] bytes) {
        List<byte[]> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                partial.write(bytes, start, i - start);
                lines.add(partial.toByteArray());
                partial.reset();
                start = i + 1;
            }
        }
        partial.write(bytes, start, bytes.length - start);
        return lines;
    }

    @Override
    public byte[] frame(byte[] message) {
        byte[] framed = java.util.Arrays.copyOf(message, message.length + 1);
        framed[message.length] = '\n';
        return framed;
    }
}
