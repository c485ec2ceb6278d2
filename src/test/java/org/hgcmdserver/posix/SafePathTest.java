package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which places on the way to a file let another user replace the file. */
class SafePathTest {

    private static final long STRANGER = 54321;

    @TempDir Path temporary;
    private Path directory;
    private Path file;

    @BeforeEach
    void createFile() throws Exception {
        directory = temporary.toRealPath();
        file = Files.createFile(directory.resolve("file"));
    }

    private static Optional<SafePath.Flaw> flaw(Path path) throws Exception {
        return SafePath.findFlaw(path, OptionalLong.empty());
    }

    private static Optional<SafePath.Flaw> writable(Path place) {
        return Optional.of(new SafePath.Flaw(place, OptionalLong.empty()));
    }

    private static Optional<SafePath.Flaw> owned(Path place) {
        return Optional.of(new SafePath.Flaw(place, OptionalLong.of(STRANGER)));
    }

    private static void give(Path place) throws Exception {
        assumeTrue(Users.isRoot(), "only root can give a file away");
        Files.setAttribute(place, "unix:uid", (int) STRANGER, LinkOption.NOFOLLOW_LINKS);
    }

    private Path create(String name, String permissions) throws Exception {
        Path created = Files.createDirectory(directory.resolve(name));
        Files.setPosixFilePermissions(created, PosixFilePermissions.fromString(permissions));
        return created;
    }

    /** Among them /tmp, which is sticky. */
    @Test
    void usualPlacesAreSafe() throws Exception {
        assertThat(flaw(file)).isEmpty();
        assertThat(flaw(directory)).isEmpty();
        assertThat(flaw(Path.of("/"))).isEmpty();
        assertThat(flaw(directory.resolve(".//../").resolve(directory.getFileName()))).isEmpty();
    }

    @Test
    void directoryToWhichOthersCanWrite() throws Exception {
        Path groups = create("groups", "rwxrwxr-x");
        Path inside = Files.createDirectory(groups.resolve("inside"));
        assertThat(flaw(groups.resolve("../file"))).isEqualTo(writable(groups));
        assertThat(flaw(Files.createFile(inside.resolve("file")))).isEqualTo(writable(groups));
        Path all = create("all", "rwxr-xrwx");
        assertThat(flaw(all)).isEqualTo(writable(all));
        Files.setAttribute(all, "unix:mode", 01777);
        assertThat(flaw(Files.createFile(all.resolve("file")))).isEmpty();
    }

    @Test
    void directoryOfAnotherUser() throws Exception {
        Path others = create("others", "rwxr-xr-x");
        Path inside = Files.createDirectory(others.resolve("inside"));
        give(others);
        Path path = inside.resolve("file");
        assertThat(flaw(path)).isEqualTo(owned(others));
        Files.createFile(path);
        assertThat(SafePath.findFlaw(path, OptionalLong.of(STRANGER))).isEmpty();
        assertThat(SafePath.findFlaw(path, OptionalLong.of(1))).isEqualTo(owned(others));
    }

    @Test
    void fileOfAnotherUserIsNotOnTheWay() throws Exception {
        give(file);
        assertThat(flaw(file)).isEmpty();
    }

    /** All that a chain of links passes, also where only the second link leads. */
    @Test
    void linksAreFollowed() throws Exception {
        Path open = create("open", "rwxrwxrwx");
        Path second = Files.createSymbolicLink(open.resolve("second"), directory);
        Path first = Files.createSymbolicLink(directory.resolve("first"), Path.of("open/second"));
        Path toFile = Files.createSymbolicLink(directory.resolve("link"), second.resolve("file"));
        assertThat(flaw(first.resolve("file"))).isEqualTo(writable(open));
        assertThat(flaw(toFile)).isEqualTo(writable(open));
        Files.setAttribute(open, "unix:mode", 01777);
        assertThat(flaw(first.resolve("file"))).isEmpty();
        assertThat(flaw(toFile)).isEmpty();
        give(second); // in a sticky directory its owner alone can replace it
        assertThat(flaw(first.resolve("file"))).isEqualTo(owned(second));
        assertThat(flaw(toFile)).isEqualTo(owned(second));
    }

    @Test
    void wayThatEnds() throws Exception {
        Path loop = directory.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        assertThatThrownBy(() -> flaw(loop)).isInstanceOf(FileSystemLoopException.class);
        assertThatThrownBy(() -> flaw(directory.resolve("none/file")))
                .isInstanceOf(NoSuchFileException.class);
    }
}
