package org.hgcmdserver.posix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A text has the same lines in whatever pieces it arrives. */
class LineBufferFuzzTest {

    @FuzzTest
    void linesAreThoseOfTheText(byte[] text) {
        List<String> expected = new ArrayList<>(List.of(new String(text, UTF_8).split("\n", -1)));
        expected.remove(expected.size() - 1); // the last line has not ended yet
        for (int size : new int[] {1, 2, 3, 7, 4096}) {
            LineBuffer buffer = new LineBuffer();
            List<String> lines = new ArrayList<>();
            for (int i = 0; i < text.length; i += size) {
                byte[] piece = Arrays.copyOfRange(text, i, Math.min(i + size, text.length));
                lines.addAll(buffer.add(piece));
            }
            assertThat(lines).as("in pieces of %d", size).isEqualTo(expected);
        }
    }
}
