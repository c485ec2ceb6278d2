package org.hgcmdserver.posix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.hgcmdserver.posix.MessageFraming.BrokenFramingException;

/** In whatever pieces a stream arrives, its messages are the same. */
class MessageFramingFuzzTest {

    private static final int[] SIZES = {1, 2, 3, 7, 4096};

    @FuzzTest
    void linesAreThoseOfTheText(byte[] text) throws IOException {
        List<String> expected = new ArrayList<>(List.of(new String(text, UTF_8).split("\n", -1)));
        expected.remove(expected.size() - 1); // which has not ended yet
        for (int size : SIZES) {
            assertThat(read(new LineFraming(), text, size))
                    .as("in pieces of %d", size)
                    .extracting(line -> new String(line, UTF_8))
                    .isEqualTo(expected);
        }
    }

    /** The fuzzer's input, cut at its newlines, as messages. */
    @FuzzTest
    void messagesAreThoseThatWereFramed(byte[] data) throws IOException {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        List<byte[]> messages = new LineFraming().add(data);
        for (byte[] message : messages) {
            stream.write(new LengthFraming().frame(message));
        }
        for (int size : SIZES) {
            assertThat(read(new LengthFraming(), stream.toByteArray(), size))
                    .as("in pieces of %d", size)
                    .containsExactlyElementsOf(messages);
        }
    }

    /** Any bytes: messages and then an end, or a refusal, the same for each size of the pieces. */
    @FuzzTest
    void streamThatIsNotOfMessagesIsRefused(byte[] data) {
        List<String> outcomes = new ArrayList<>();
        for (int size : SIZES) {
            try {
                read(new LengthFraming(), data, size);
                outcomes.add("read");
            } catch (BrokenFramingException e) {
                outcomes.add(e.getMessage());
            }
        }
        assertThat(outcomes).containsOnly(outcomes.get(0));
    }

    private static List<byte[]> read(MessageFraming framing, byte[] stream, int size)
            throws BrokenFramingException {
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < stream.length; i += size) {
            byte[] piece = Arrays.copyOfRange(stream, i, Math.min(i + size, stream.length));
            messages.addAll(framing.add(piece));
        }
        return messages;
    }
}
