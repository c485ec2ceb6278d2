package org.hgcmdserver.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * For any first message of a server: either the client can go on, or it throws a {@link
 * ProtocolException}, which has the server's reason if the server gave one.
 */
class HelloFuzzTest {

    private static final int LONGEST = 64 * 1024;

    @FuzzTest
    void helloCanBeUsedOrIsNone(byte[] data) throws IOException {
        String text = new String(data, UTF_8);
        if (text.getBytes(UTF_8).length > LONGEST) {
            return;
        }
        assertThatThrownBy(() -> reading(Channel.ERROR.frame(text)).readHello())
                .isInstanceOf(ProtocolException.class)
                .hasMessage("the server refused: " + text.strip());
        Hello hello;
        try {
            hello = reading(Channel.OUTPUT.frame(text)).readHello();
        } catch (ProtocolException e) {
            boolean runs = text.startsWith("capabilities: runcommand\n");
            assertThat(runs && text.lastIndexOf("capabilities: ") == 0).isFalse();
            return;
        }
        assertThat(hello.capabilities()).contains("runcommand");
        assertThat(hello.encoding().canEncode()).isTrue();
        assertThat(hello.pid()).isNotNegative();
        assertThat(hello.pgid()).isNotNegative();
        if (!text.chars().allMatch(c -> c < 128)) {
            return; // a hello is in ASCII
        }
        StringBuilder again = new StringBuilder();
        hello.fields().forEach((name, value) -> again.append(name + ": " + value + "\n"));
        assertThat(reading(Channel.OUTPUT.frame(again.toString())).readHello().fields())
                .isEqualTo(hello.fields());
    }

    private static ServerStream reading(byte[] wire) {
        return new ServerStream(new ByteArrayInputStream(wire), OutputStream.nullOutputStream());
    }
}
