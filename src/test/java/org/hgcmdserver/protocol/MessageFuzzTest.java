package org.hgcmdserver.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Whatever comes on the message channel: it is a message, or a {@link ProtocolException}. */
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
