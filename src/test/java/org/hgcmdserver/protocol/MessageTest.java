package org.hgcmdserver.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Messages in the encoding of Mercurial's cborutil. */
class MessageTest {

    private static final byte[] PASSWORD =
            HexFormat.of()
                    .parseHex(
                            "a344646174614a70617373776f72643a204870617373776f7264f544747970654670726f6d7074");

    private static final String CHOICES =
            "a44763686f69636573828241794359657382416e424e6f446461746142793f4764656661756c744179"
                    + "44747970654670726f6d7074";

    private static final String PROGRESS =
            "a6446974656d4043706f73f645746f706963417445746f74616c1a000186a044747970654870726f67"
                    + "7265737344756e697440";

    @Test
    void passwordPrompt() throws Exception {
        Message message = Message.parse(PASSWORD);
        assertThat(message.data()).asString(UTF_8).isEqualTo("password: ");
        assertThat(message.isForPassword()).isTrue();
    }

    @Test
    void otherPrompt() throws Exception {
        Message message = Message.parse(HexFormat.of().parseHex(CHOICES));
        assertThat(message.data()).asString(UTF_8).isEqualTo("y?");
        assertThat(message.isForPassword()).isFalse();
    }

    @Test
    void progressShowsNothing() throws Exception {
        assertThat(Message.parse(HexFormat.of().parseHex(PROGRESS)).data()).isEmpty();
    }

    @Test
    void whatIsNoMessage() {
        for (int length = 0; length < PASSWORD.length; length++) {
            byte[] part = Arrays.copyOf(PASSWORD, length);
            assertThatThrownBy(() -> Message.parse(part)).isInstanceOf(ProtocolException.class);
        }
        for (String hex : new String[] {"41", "f5", "a1ff", "bfff", "a15bffffffffffffffff"}) {
            assertThatThrownBy(() -> Message.parse(HexFormat.of().parseHex(hex)))
                    .as(hex)
                    .isInstanceOf(ProtocolException.class);
        }
        byte[] nested = new byte[1 << 16];
        Arrays.fill(nested, (byte) 0x81);
        nested[0] = (byte) 0xa1;
        assertThatThrownBy(() -> Message.parse(nested)).isInstanceOf(ProtocolException.class);
    }
}
