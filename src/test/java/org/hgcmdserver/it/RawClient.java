package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;

/** A connection that ignores the protocol: a test can send any bytes. */
final class RawClient implements Closeable {

    private final AFUNIXSocketChannel channel;
    private final InputStream in;
    private final OutputStream out;

    RawClient(Path address) throws IOException {
        channel = AFUNIXSocketChannel.open();
        channel.connect(AFUNIXSocketAddress.of(address));
        in = Channels.newInputStream(channel);
        out = Channels.newOutputStream(channel);
    }

    /** A daemon's answer after the hello to a client that sends exactly these bytes. */
    static String answer(Daemon daemon, byte[] bytes) throws IOException {
        try (RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readFrame()).contains("capabilities");
            try {
                client.send(bytes);
                client.shutdownOutput();
                return client.readToEnd();
            } catch (IOException e) { // the worker has exited and left bytes unread
                assertThat(e.getMessage()).containsAnyOf("Broken pipe", "reset");
                return "";
            }
        }
    }

    void send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    /** All data up to the end of the connection, a char per byte. */
    String readToEnd() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /**
     * Reads up to the end of the connection. That is a reset if the worker was killed before it had
     * read a request.
     */
    void awaitEnd() throws IOException {
        try {
            readToEnd();
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    /** The next frame's channel and data. */
    String readFrame() throws IOException {
        byte[] header = in.readNBytes(5);
        int length = ByteBuffer.wrap(header).getInt(1);
        return (char) header[0] + new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    /** Reads the header of a frame of output, and leaves the rest unread. */
    void awaitOutput() throws IOException {
        assertThat((char) in.readNBytes(5)[0]).isEqualTo('o');
    }

    /** The next frame; for an input channel, which has no data, just the letter. */
    String readFrameOrAsking() throws IOException {
        byte[] header = in.readNBytes(5);
        char letter = (char) header[0];
        if (Character.isUpperCase(letter)) {
            return String.valueOf(letter);
        }
        int length = ByteBuffer.wrap(header).getInt(1);
        return letter + new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    /** A request to run a command with arguments without blanks. */
    static byte[] request(String command) {
        byte[] arguments = command.replace(' ', '\0').getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes("runcommand\n".getBytes(StandardCharsets.UTF_8));
        request.writeBytes(ByteBuffer.allocate(4).putInt(arguments.length).array());
        request.writeBytes(arguments);
        return request.toByteArray();
    }

    /** Sends a request to run a command; does not wait for the answer. */
    void runCommand(String command) throws IOException {
        send(request(command));
    }

    /** Sends a request with the given number of bytes of arguments, which any hg can answer. */
    void runCommandOfLength(int length) throws IOException {
        byte[] start = "version\0-q\0--config\0a.b=".getBytes(StandardCharsets.ISO_8859_1);
        byte[] arguments = Arrays.copyOf(start, length);
        Arrays.fill(arguments, start.length, length, (byte) 'x');
        send("runcommand\n");
        send(ByteBuffer.allocate(4).putInt(length).array());
        send(arguments);
    }

    /** Reads until the command asks for input. */
    void awaitPrompt() throws IOException {
        String frame = readFrameOrAsking();
        while (frame.length() != 1) {
            frame = readFrameOrAsking();
        }
    }

    /** Reads up to the command's result. */
    int awaitResult() throws IOException {
        String frame = readFrameOrAsking();
        while (frame.charAt(0) != 'r') {
            frame = readFrameOrAsking();
        }
        return ByteBuffer.wrap(frame.substring(1).getBytes(StandardCharsets.ISO_8859_1)).getInt();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
