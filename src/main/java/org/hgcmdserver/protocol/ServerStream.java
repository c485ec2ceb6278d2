package org.hgcmdserver.protocol;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The client's end of the wire: reads frames, writes requests and input. */
public final class ServerStream {

    private final DataInputStream in;
    private final DataOutputStream out;

    /**
     * @param in should be buffered
     * @param out should be buffered
     */
    public ServerStream(InputStream in, OutputStream out) {
        this.in = new DataInputStream(in);
        this.out = new DataOutputStream(out);
    }

    /**
     * Reads the hello.
     *
     * @throws ProtocolException with the reason, if the server says why it cannot serve
     */
    public Hello readHello() throws IOException {
        Frame frame = readFrame();
        if (frame.channel() == Channel.ERROR) {
            String reason = new String(frame.data(), StandardCharsets.UTF_8).strip();
            throw new ProtocolException("the server refused: " + reason);
        }
        if (frame.channel() != Channel.OUTPUT) {
            throw new ProtocolException("the server began without a hello");
        }
        return Hello.parse(frame.data());
    }

    /**
     * Reads the next frame.
     *
     * @throws ProtocolException at the end of the connection, and for a required channel that this
     *     version does not know
     */
    public Frame readFrame() throws IOException {
        try {
            char letter = (char) in.readUnsignedByte();
            int length = in.readInt();
            Channel channel = Channel.of(letter);
            if (length < 0) {
                throw new ProtocolException(
                        "a frame of %d bytes on channel '%c'"
                                .formatted(Integer.toUnsignedLong(length), letter));
            }
            if (channel != null && channel.isInput()) {
                return new Frame(channel, length, new byte[0]);
            }
            if (channel == null && Character.isUpperCase(letter)) {
                throw new ProtocolException("unexpected data on required channel '" + letter + "'");
            }
            // a length that lies must not cost memory: readNBytes takes what comes
            byte[] data = in.readNBytes(length);
            if (data.length < length) {
                throw new EOFException();
            }
            return new Frame(channel, length, data);
        } catch (EOFException e) {
            throw new ProtocolException("the server ended the connection");
        }
    }

    /**
     * Writes a request with its data, as {@code runcommand} and its arguments.
     *
     * @param arguments in the server's encoding, none with a NUL
     */
    public void writeRequest(String name, Iterable<byte[]> arguments) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        boolean first = true;
        for (byte[] argument : arguments) {
            if (!first) {
                data.write(0);
            }
            data.writeBytes(argument);
            first = false;
        }
        out.write((name + "\n").getBytes(StandardCharsets.US_ASCII));
        writeInput(data.toByteArray(), data.size());
    }

    /** Answers an input channel; no bytes mean the end of the input. */
    public void writeInput(byte[] data, int length) throws IOException {
        out.writeInt(length);
        out.write(data, 0, length);
        out.flush();
    }

    /** The number on the result channel. */
    public static int result(Frame frame) throws ProtocolException {
        if (frame.data().length != Integer.BYTES) {
            throw new ProtocolException("a result of " + frame.data().length + " bytes");
        }
        return ByteBuffer.wrap(frame.data()).getInt();
    }
}
