package org.hgcmdserver.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * For any arguments and any encoding of the server: the server reads the very arguments that the
 * client was given, or the client refuses them. A case is the name of the encoding, and the
 * arguments, one per line.
 */
class RequestFuzzTest {

    @FuzzTest
    void serverReadsTheArguments(byte[] data) throws IOException {
        List<String> lines = Arrays.asList(new String(data, UTF_8).split("\n", -1));
        Hello hello = new Hello(Map.of("encoding", lines.get(0)));
        List<String> arguments = lines.subList(1, lines.size());
        if (arguments.equals(List.of(""))) {
            return; // the protocol cannot tell one empty argument from none
        }
        List<byte[]> encoded;
        try {
            encoded = hello.encode(arguments);
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageContaining("NUL");
            return;
        }
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        new ServerStream(InputStream.nullInputStream(), written)
                .writeRequest("runcommand", encoded);
        List<String> read = readByServer(written.toByteArray());
        assertThat(read).hasSameSizeAs(arguments);
        for (int i = 0; i < read.size(); i++) {
            assertThat(read.get(i).getBytes(ISO_8859_1))
                    .isEqualTo(arguments.get(i).getBytes(hello.encoding()));
        }
    }

    /** Reads arguments like {@code _readlist} in commandserver.py; one char per byte. */
    private static List<String> readByServer(byte[] request) {
        ByteBuffer wire = ByteBuffer.wrap(request);
        byte[] name = new byte["runcommand\n".length()];
        wire.get(name);
        assertThat(new String(name, ISO_8859_1)).isEqualTo("runcommand\n");
        byte[] list = new byte[wire.getInt()];
        wire.get(list);
        assertThat(wire.hasRemaining()).isFalse();
        return list.length == 0 ? List.of() : List.of(new String(list, ISO_8859_1).split("\0", -1));
    }
}
