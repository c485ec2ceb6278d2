package org.hgcmdserver.protocol;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A message with its attributes ({@code channeledmessage} in commandserver.py): a map in CBOR (RFC
 * 8949), flat except for attributes that the client ignores.
 *
 * @param data the text to show; empty for a message without text, such as progress
 * @param isForPassword whether the message is a prompt for a password
 */
public record Message(byte[] data, boolean isForPassword) {

    static final Message NONE = new Message(new byte[0], false);

    private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PASSWORD = "password".getBytes(StandardCharsets.US_ASCII);
    private static final int BYTES = 2; // the major types
    private static final int TEXT = 3;
    private static final int ARRAY = 4;
    private static final int MAP = 5;
    private static final int TAG = 6;
    private static final int SIMPLE = 7;
    private static final int TRUE = 21; // of the simple values
    private static final int MAX_DEPTH = 16;

    /**
     * @throws ProtocolException if {@code encoded} is not a complete CBOR map
     */
    static Message parse(byte[] encoded) throws ProtocolException {
        ByteBuffer in = ByteBuffer.wrap(encoded);
        byte[] data = NONE.data;
        boolean password = false;
        try {
            Item map = Item.read(in, 0);
            if (map.major != MAP) {
                throw new ProtocolException("a message that is not a map");
            }
            for (long i = 0; i < map.number; i++) {
                Item key = Item.read(in, 1);
                Item value = Item.read(in, 1);
                if (Arrays.equals(key.bytes, DATA) && value.bytes != null) {
                    data = value.bytes;
                } else if (Arrays.equals(key.bytes, PASSWORD)) {
                    password = value.major == SIMPLE && value.number == TRUE;
                }
            }
        } catch (BufferUnderflowException e) {
            throw new ProtocolException("a message that ends too early");
        }
        return new Message(data, password);
    }

    /** One item. Of the outermost map only the head has been read, of any other item all of it. */
    private record Item(int major, long number, byte[] bytes) {

        static Item read(ByteBuffer in, int depth) throws ProtocolException {
            int first = in.get() & 0xff;
            int major = first >> 5;
            long number = number(in, first & 0x1f);
            byte[] bytes = null;
            switch (major) {
                case BYTES, TEXT -> {
                    if (number < 0 || number > in.remaining()) {
                        throw new BufferUnderflowException();
                    }
                    bytes = new byte[(int) number];
                    in.get(bytes);
                }
                case ARRAY, TAG -> skip(in, major == TAG ? 1 : number, depth);
                case MAP -> {
                    if (depth > 0) {
                        skip(in, 2 * number, depth);
                    }
                }
                default -> {
                    // a number or a simple value
                }
            }
            return new Item(major, number, bytes);
        }

        private static void skip(ByteBuffer in, long items, int depth) throws ProtocolException {
            if (depth == MAX_DEPTH) {
                throw new ProtocolException("a message with too many layers");
            }
            for (long i = 0; i < items; i++) {
                read(in, depth + 1);
            }
        }

        private static long number(ByteBuffer in, int information) throws ProtocolException {
            if (information < 24) {
                return information;
            }
            return switch (information) {
                case 24 -> in.get() & 0xff;
                case 25 -> in.getShort() & 0xffff;
                case 26 -> in.getInt() & 0xffffffffL;
                case 27 -> in.getLong();
                default -> // an indefinite length, which Mercurial never writes
                        throw new ProtocolException("a message in another encoding");
            };
        }
    }
}
