package org.hgcmdserver.posix;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A message may hold any bytes: its length comes first, as 4 bytes, the highest one first. */
final class LengthFraming implements MessageFraming {

    /** More than an environment and a command line can have (execve(2)). */
    private static final int LONGEST = 8 << 20;

    private static final int HEADER = Integer.BYTES;

    private byte[] partial = {};

    @Override
    public List<byte[]> add(byte[] bytes) throws BrokenFramingException {
        ByteBuffer all = ByteBuffer.allocate(partial.length + bytes.length);
        all.put(partial).put(bytes).flip();
        List<byte[]> messages = new ArrayList<>();
        while (all.remaining() >= HEADER) {
            int length = all.getInt(all.position());
            if (length < 0 || length > LONGEST) {
                throw new BrokenFramingException("a message of " + length + " bytes");
            }
            if (all.remaining() < HEADER + length) {
                break;
            }
            byte[] message = new byte[length];
            all.getInt();
            all.get(message);
            messages.add(message);
        }
        partial = Arrays.copyOfRange(all.array(), all.position(), all.limit());
        return messages;
    }

    @Override
    public byte[] frame(byte[] message) {
        return ByteBuffer.allocate(HEADER + message.length)
                .putInt(message.length)
                .put(message)
                .array();
    }
}
