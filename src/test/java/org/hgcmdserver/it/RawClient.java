package org.hgcmdserver.it;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** A connection without manners: any bytes, no protocol. */
final class RawClient implements Closeable {

    private final AFUNIXSocket socket;

    RawClient(Path address) throws IOException {
        socket = AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(address));
        socket.setSoTimeout((int) Processes.PATIENCE.toMillis());
    }

    void send(byte[] bytes) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush();
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** Everything up to the end of the connection, a char per byte. */
    String readToEnd() throws IOException {
        InputStream in = socket.getInputStream();
        return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /** The next frame's channel and data. */
    String readFrame() throws IOException {
        InputStream in = socket.getInputStream();
        byte[] header = in.readNBytes(5);
        int length = java.nio.ByteBuffer.wrap(header).getInt(1);
        return (char) header[0] + new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    /** The next frame; of an input channel, which has no data, just the letter. */
    String readFrameOrAsking() throws IOException {
        InputStream in = socket.getInputStream();
        byte[] header = in.readNBytes(5);
        char letter = (char) header[0];
        if (Character.isUpperCase(letter)) {
            return String.valueOf(letter);
        }
        int length = java.nio.ByteBuffer.wrap(header).getInt(1);
        return letter + new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
