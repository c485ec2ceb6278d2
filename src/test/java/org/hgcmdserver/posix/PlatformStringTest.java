package org.hgcmdserver.posix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PlatformStringTest {

    @Test
    void textIsUtf8() {
        String text = "caf\u00e9 \u65e5\u672c \ud83d\ude00";
        assertThat(PlatformString.decode(text.getBytes(UTF_8))).isEqualTo(text);
        assertThat(PlatformString.encode(text)).isEqualTo(text.getBytes(UTF_8));
    }

    @Test
    void noByteIsLost() {
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[random.nextInt(20)];
            random.nextBytes(bytes);
            if (i % 2 == 0) { // valid and nearly valid sequences
                for (int j = 0; j < bytes.length; j++) {
                    bytes[j] = (byte) (0x80 | (j % 3 == 0 ? 0x40 : 0) | bytes[j] & 0x3f);
                }
            }
            String text = PlatformString.decode(bytes);
            assertThat(PlatformString.encode(text)).isEqualTo(bytes);
            String word = Words.encode(text);
            assertThat(word).matches("[!-~]*");
            assertThat(Words.decode(word)).isEqualTo(text);
        }
    }
}
