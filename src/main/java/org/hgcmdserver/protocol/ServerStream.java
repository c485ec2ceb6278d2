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

    /** More than the size of any hello, or of any reason for refusing one. */
    private static final int MAX_SMALL = 64 * 1024;

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
     * @throws ProtocolException with the server's reason, if the server cannot serve
     */
    public Hello readHello() throws IOException {
        Frame frame = readFrame();
        if (frame.channel() == Channel.ERROR) {
            String reason = new String(readSmall(frame), StandardCharsets.UTF_8).strip();
            // the caller reports this failure with a prefix of its own
            throw new ProtocolException(
                    "the server refused: " + reason.replaceFirst("^hg-cmdserver: ", ""));
        }
        if (frame.channel() != Channel.OUTPUT) {
            throw new ProtocolException("the server began without a hello");
        }
        return Hello.parse(readSmall(frame));
    }

    /**
     * Reads the head of the next frame. Unless the frame is on an input channel, the caller must
     * call {@link #copyData} next.
     *
     * @throws ProtocolException at the end of the connection, and for a required channel that this
     *     version does not know
     */
    public Frame readFrame() throws IOException {
        try {
            char letter = (char) in.readUnsignedByte();
            int size = in.readInt();
            Channel channel = Channel.of(letter);
            if (size < 0) {
                throw new ProtocolException(
                        "a frame of %d bytes on channel '%c'"
                                .formatted(Integer.toUnsignedLong(size), letter));
            }
            if (channel == null && Character.isUpperCase(letter)) {
                throw new ProtocolException("unexpected data on required channel '" + letter + "'");
            }
            return new Frame(channel, size);
        } catch (EOFException e) {
            throw ended();
        }
    }

    /**
     * Copies the frame's data as it arrives: Mercurial sends a file, however large, as one frame.
     *
     * @throws ProtocolException if the connection ends before the data does
     */
    public void copyData(Frame frame, OutputStream sink) throws IOException {
        byte[] piece = new byte[Math.min(frame.size(), 64 * 1024)];
        for (int left = frame.size(); left > 0; ) {
            int count = in.read(piece, 0, Math.min(left, piece.length));
            if (count < 0) {
                throw ended();
            }
            sink.write(piece, 0, count);
            left -= count;
        }
        sink.flush();
    }

    /** The number in a frame on the result channel. */
    public int readResult(Frame frame) throws IOException {
        if (frame.size() != Integer.BYTES) {
            throw new ProtocolException("a result of " + frame.size() + " bytes");
        }
        return ByteBuffer.wrap(readSmall(frame)).getInt();
    }

    /**
     * The message of a frame on the message channel; an empty one if the hello names an encoding
     * other than Mercurial's only one so far.
     */
    public Message readMessage(Frame frame, Hello hello) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        copyData(frame, data);
        boolean known = hello.fields().getOrDefault("message-encoding", "").equals("cbor");
        return known ? Message.parse(data.toByteArray()) : Message.NONE;
    }

    private byte[] readSmall(Frame frame) throws IOException {
        if (frame.size() > MAX_SMALL) {
            throw new ProtocolException("a frame of " + frame.size() + " bytes, not a hello");
        }
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        copyData(frame, data);
        return data.toByteArray();
    }

    private static ProtocolException ended() {
        return new ProtocolException("the server ended the connection");
    }

    /**
     * Writes a request with its data, such as {@code runcommand} and its arguments.
     *
     * @param arguments in the server's encoding, without NULs
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

    /** Answers an input channel; zero bytes mean the end of the input. */
    public void writeInput(byte[] data, int length) throws IOException {
        out.writeInt(length);
        out.write(data, 0, length);
        out.flush();
    }
}
