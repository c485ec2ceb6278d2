package org.hgcmdserver.listener;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.hgcmdserver.listener.ListenerState.Bound;

/**
 * For any path of a socket, the next image removes that path and no other; for any description of a
 * socket by an earlier image, this image starts. A case is a path, or a description.
 */
class ListenerStateFuzzTest {

    @FuzzTest
    void pathComesBackAsItWent(byte[] data) {
        String text = new String(data, UTF_8);
        Bound bound = Bound.parse(text);
        if (bound != null) {
            assertThat(Bound.parse(bound.toString())).isEqualTo(bound);
        }
        Path path;
        try {
            path = Path.of("/" + text).normalize();
        } catch (InvalidPathException e) {
            return;
        }
        Bound written = new Bound(path, 1, -1);
        assertThat(written.toString().lines()).hasSize(1);
        assertThat(Bound.parse(written.toString())).isEqualTo(written);
    }
}
