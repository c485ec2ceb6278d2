package org.hgcmdserver.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServerStreamTest {

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    private ServerStream reading(String bytes) {
        return new ServerStream(new ByteArrayInputStream(bytes.getBytes(ISO_8859_1)), written);
    }

    @Test
    void helloOfMercurial() throws Exception {
        String text = "capabilities: getencoding runcommand\nencoding: UTF-8\npid: 12\npgid: 34";
        Hello hello = reading("o\0\0\0" + (char) text.length() + text).readHello();
        assertThat(hello.capabilities()).containsExactlyInAnyOrder("getencoding", "runcommand");
        assertThat(hello.encoding().name()).isEqualTo("UTF-8");
        assertThat(hello.pid()).isEqualTo(12);
        assertThat(hello.pgid()).isEqualTo(34);
    }

    @Test
    void refusalHasTheServersReason() {
        assertThatThrownBy(() -> reading("e\0\0\0\4no!\n").readHello())
                .isInstanceOf(ProtocolException.class)
                .hasMessage("the server refused: no!");
    }

    @Test
    void whatIsNoHello() {
        assertThatThrownBy(() -> reading("o\377\0\0\0").readHello())
                .isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> reading("o\0\0\0\2hi").readHello())
                .hasMessageContaining("runcommand");
        assertThatThrownBy(() -> reading("").readHello()).hasMessageContaining("ended");
        assertThatThrownBy(() -> reading("r\0\0\0\1x").readHello())
                .hasMessageContaining("without a hello");
    }

    @Test
    void frames() throws Exception {
        ServerStream server = reading("o\0\0\0\2abI\0\0\20\0x\0\0\0\1?r\0\0\0\4\0\0\0\7");
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        server.copyData(server.readFrame(), data);
        assertThat(data.toString(ISO_8859_1)).isEqualTo("ab");
        Frame input = server.readFrame();
        assertThat(input.channel()).isEqualTo(Channel.INPUT);
        assertThat(input.size()).isEqualTo(4096);
        Frame unknown = server.readFrame();
        assertThat(unknown.channel()).as("unknown but optional").isNull();
        server.copyData(unknown, OutputStream.nullOutputStream());
        assertThat(server.readResult(server.readFrame())).isEqualTo(7);
        assertThatThrownBy(server::readFrame).isInstanceOf(ProtocolException.class);
    }

    @Test
    void framesThatAreNone() {
        assertThatThrownBy(() -> reading("X\0\0\0\0").readFrame())
                .hasMessageContaining("required channel 'X'");
        ServerStream cut = reading("o\0\0\0\5abc");
        assertThatThrownBy(() -> cut.copyData(cut.readFrame(), OutputStream.nullOutputStream()))
                .hasMessageContaining("ended the connection");
        assertThatThrownBy(() -> reading("o\377\377\377\377").readFrame())
                .hasMessageContaining("4294967295 bytes");
    }

    @Test
    void requestAndInput() throws Exception {
        ServerStream server = reading("");
        server.writeRequest("runcommand", List.of("log".getBytes(), "-l1".getBytes()));
        server.writeInput("y\n".getBytes(), 2);
        server.writeInput(new byte[0], 0);
        assertThat(written.toString(ISO_8859_1))
                .isEqualTo("runcommand\n\0\0\0\7log\0-l1\0\0\0\2y\n\0\0\0\0");
    }

    @Test
    void emptyArgumentsAreKept() throws Exception {
        reading("").writeRequest("runcommand", List.of("".getBytes(), "".getBytes()));
        assertThat(written.toString(ISO_8859_1)).isEqualTo("runcommand\n\0\0\0\1\0");
    }
}
