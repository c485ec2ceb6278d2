package org.hgcmdserver.posix;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Paths keep their bytes in any locale of the tests. */
class PlatformPathTest {

    @TempDir Path directory;

    /** A name with UTF-8 and with a byte that is not UTF-8. */
    private static final byte[] NAME = "\u00c3\u00bc %2f+\u00e9".getBytes(ISO_8859_1);

    private final String name = PlatformString.decode(NAME);

    @Test
    void filesHaveTheVeryBytes() throws Exception {
        Path file = PlatformPath.of(directory + "/" + name);
        Files.createFile(file);
        Path link = directory.resolve("link");
        Files.createSymbolicLink(link, file);
        Path target = Files.readSymbolicLink(link);
        for (Path path : new Path[] {file, target, directory.resolve(file.getFileName())}) {
            assertThat(PlatformPath.text(path)).isEqualTo(directory + "/" + name);
            assertThat(path).exists();
        }
        assertThat(PlatformPath.bytes(file.getFileName())).isEqualTo(NAME);
        assertThat(new String(PlatformPath.bytes(file), ISO_8859_1))
                .isEqualTo(directory + "/" + new String(NAME, ISO_8859_1));
    }

    @Test
    void directoriesToo() throws Exception {
        Path made = Files.createDirectory(PlatformPath.of(directory + "//" + name + "/"));
        assertThat(PlatformPath.text(made)).isEqualTo(directory + "/" + name);
        assertThat(PlatformPath.text(made.resolve("x"))).isEqualTo(directory + "/" + name + "/x");
        assertThat(PlatformPath.text(made.getParent())).isEqualTo(directory.toString());
        assertThat(PlatformPath.of(PlatformPath.text(made))).isEqualTo(made);
    }

    @Test
    void relativeIsMeantFromHere() {
        String here = PlatformPath.text(PlatformPath.workingDirectory());
        assertThat(PlatformPath.text(PlatformPath.of(name))).isEqualTo(here + "/" + name);
        assertThat(PlatformPath.text(PlatformPath.of("a"))).isEqualTo(here + "/a");
        assertThat(PlatformPath.text(PlatformPath.of(""))).isEqualTo(here);
        assertThat(PlatformPath.text(PlatformPath.of("/"))).isEqualTo("/");
        assertThat(PlatformPath.isWorkingDirectoryGone()).isFalse();
    }
}
