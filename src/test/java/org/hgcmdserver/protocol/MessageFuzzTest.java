package org.hgcmdserver.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * For any bytes on the message channel the parser returns a message or throws a {@link
 * ProtocolException}.
 */
class MessageFuzzTest {

    @FuzzTest
    void messageOrNone(byte[] data) {
        try {
            assertThat(Message.parse(data).data().length).isLessThanOrEqualTo(data.length);
        } catch (ProtocolException noMessage) {
            assertThat(noMessage.getMessage()).startsWith("a message ");
        }
    }
}
