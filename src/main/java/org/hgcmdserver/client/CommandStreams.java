package org.hgcmdserver.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Where a command's output goes and where its input comes from. The streams stay the caller's. */
public final class CommandStreams {

    /** Whether the terminal shows typed input. */
    public interface Echo {

        /** The user types a password from now on. */
        void off() throws IOException;

        /** The password has been read, or could not be. */
        void on() throws IOException;
    }

    private static final Echo NONE =
            new Echo() {
                @Override
                public void off() {}

                @Override
                public void on() {}
            };

    private final InputStream in;
    private final OutputStream out;
    private final OutputStream err;
    private final Echo echo;

    private CommandStreams(InputStream in, OutputStream out, OutputStream err, Echo echo) {
        this.in = in;
        this.out = out;
        this.err = err;
        this.echo = echo;
    }

    /** Streams of a command whose input is empty. */
    public static CommandStreams to(OutputStream out, OutputStream err) {
        return of(InputStream.nullInputStream(), out, err);
    }

    /**
     * Streams with input.
     *
     * @param in read only when the command asks for input; should be buffered
     */
    public static CommandStreams of(InputStream in, OutputStream out, OutputStream err) {
        return new CommandStreams(in, out, err, NONE);
    }

    /** The same streams; {@code echo} is off while a password is read. */
    public CommandStreams withEcho(Echo echo) {
        return new CommandStreams(in, out, err, echo);
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

    /** Like {@link #readLine}, with the echo off. */
    byte[] readPassword(int size) throws IOException {
        echo.off();
        try {
            return readLine(size);
        } finally {
            echo.on();
        }
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
