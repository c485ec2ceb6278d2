package org.hgcmdserver.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Whatever a server sends, and in whatever pieces it arrives: the client gets the frames' very
 * bytes up to the first bytes that are not a frame, then a {@link ProtocolException}, and never
 * uses memory for data that a frame only announces.
 */
class ServerStreamFuzzTest {

    /** Far less than a frame can announce, and enough to load instrumented classes. */
    private static final long MEMORY = 64 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @FuzzTest
    void framesAreWhatWasSent(byte[] wire) throws IOException {
        for (int piece : new int[] {1, 3, 64 * 1024}) {
            InputStream in = new InPieces(new ByteArrayInputStream(wire), piece);
            ServerStream server = new ServerStream(in, OutputStream.nullOutputStream());
            ByteBuffer expected = ByteBuffer.wrap(wire);
            long before = THREADS.getCurrentThreadAllocatedBytes();
            try {
                while (true) {
                    readFrame(server, expected);
                }
            } catch (ProtocolException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
            long used = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(used).isLessThan(MEMORY + 1000L * wire.length);
        }
    }

    /** Reads a frame, or fails as the protocol requires. */
    private static void readFrame(ServerStream server, ByteBuffer expected) throws IOException {
        boolean whole = expected.remaining() >= Channel.HEADER_SIZE;
        Frame frame = server.readFrame();
        assertThat(whole).as("the head of a frame is complete").isTrue();
        char letter = (char) (expected.get() & 0xff);
        assertThat(frame.size()).isEqualTo(expected.getInt()).isNotNegative();
        if (frame.channel() == null) {
            assertThat("oerdmIL").doesNotContain(String.valueOf(letter));
            assertThat(letter >= 'A' && letter <= 'Z').as("%c is required", letter).isFalse();
        } else {
            assertThat("oerdmIL".indexOf(letter)).isEqualTo(frame.channel().ordinal());
        }
        if (frame.channel() != null && frame.channel().isInput()) {
            return;
        }
        byte[] data = new byte[Math.min(frame.size(), expected.remaining())];
        expected.get(data);
        ByteArrayOutputStream copied = new ByteArrayOutputStream();
        try {
            if (frame.channel() == Channel.RESULT) {
                int result = server.readResult(frame);
                assertThat(data).hasSize(Integer.BYTES);
                assertThat(result).isEqualTo(ByteBuffer.wrap(data).getInt());
                return;
            }
            server.copyData(frame, copied);
            assertThat(data).as("the copied data").hasSize(frame.size());
        } finally {
            if (frame.channel() != Channel.RESULT) { // the data before the end came through
                assertThat(Arrays.equals(copied.toByteArray(), data)).isTrue();
            }
        }
    }

    /** Returns at most {@code size} bytes at a time, as a socket may. */
    private static final class InPieces extends FilterInputStream {

        private final int size;

        InPieces(InputStream in, int size) {
            super(in);
            this.size = size;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return super.read(bytes, from, Math.min(length, size));
        }
    }
}
