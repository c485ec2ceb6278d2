package org.hgcmdserver.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A channel from the server to its client. A frame is the channel's letter, a length in four bytes,
 * most significant first, and as many bytes of data ({@code channeledoutput}); on the input
 * channels the length is the number of bytes that the server accepts, and no data follows ({@code
 * channeledinput}). A client that does not know a channel may ignore it if the letter is
 * lower-case.
 */
public enum Channel {
    OUTPUT('o'),
    ERROR('e'),
    RESULT('r'),
    DEBUG('d'),
    MESSAGE('m'),
    /** The server asks for input, up to the given number of bytes. */
    INPUT('I'),
    /** The server asks for a line of input, up to the given number of bytes. */
    LINE('L');

    /** The size of the letter and the length. */
    public static final int HEADER_SIZE = 5;

    private final char letter;

    Channel(char letter) {
        this.letter = letter;
    }

    /**
     * @return null if this version does not know the channel
     */
    static Channel of(char letter) {
        for (Channel channel : values()) {
            if (channel.letter == letter) {
                return channel;
            }
        }
        return null;
    }

    public boolean isInput() {
        return this == INPUT || this == LINE;
    }

    /** A whole frame of this channel. */
    public byte[] frame(String text) {
        byte[] data = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(HEADER_SIZE + data.length)
                .put((byte) letter)
                .putInt(data.length)
                .put(data)
                .array();
    }
}
