package org.hgcmdserver.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A channel from the server to its client. A frame is the channel's letter, a length in four bytes,
 * most significant first, and as many bytes of data ({@code channeledoutput}); on the input
 * channels the length is what the server is willing to take, and no data follows ({@code
 * channeledinput}). A client that does not know a channel may ignore it if its letter is small.
 */
public enum Channel {
    OUTPUT('o'),
    ERROR('e'),
    RESULT('r'),
    DEBUG('d'),
    MESSAGE('m'),
    /** The server wants up to so many bytes of input. */
    INPUT('I'),
    /** The server wants a line of input of up to so many bytes. */
    LINE('L');

    /** The letter and the length. */
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
