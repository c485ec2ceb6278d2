package org.hgcmdserver.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Where a command's output goes and where its input comes from. The streams stay the caller's. */
public final class CommandStreams {

    private final InputStream in;
    private final OutputStream out;
    private final OutputStream err;

    private CommandStreams(InputStream in, OutputStream out, OutputStream err) {
        this.in = in;
        this.out = out;
        this.err = err;
    }

    /** Streams of a command that finds its input at its end. */
    public static CommandStreams to(OutputStream out, OutputStream err) {
        return new CommandStreams(InputStream.nullInputStream(), out, err);
    }

    /**
     * Streams with input.
     *
     * @param in is read only as the command asks; should be buffered
     */
    public static CommandStreams of(InputStream in, OutputStream out, OutputStream err) {
        return new CommandStreams(in, out, err);
    }

    OutputStream output() {
        return out;
    }

    OutputStream error() {
        return err;
    }

    /** Up to {@code size} bytes, at least one unless the input has ended. */
    byte[] read(int size) throws IOException {
        out.flush();
        byte[] chunk = new byte[Math.min(size, 64 * 1024)];
        int count = in.read(chunk);
        return count <= 0 ? new byte[0] : java.util.Arrays.copyOf(chunk, count);
    }

    /** Up to {@code size} bytes of a line, with its end. */
    byte[] readLine(int size) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (line.size() < size) {
            int b = in.read();
            if (b < 0) {
                break;
            }
            line.write(b);
            if (b == '\n') {
                break;
            }
        }
        return line.toByteArray();
    }
}
