package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.OptionalLong;
import org.hgcmdserver.posix.SafePath.Weakness;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which places let another user change or replace a file. */
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

    private static Optional<Weakness> flaw(Path path) throws Exception {
        return flaw(path, OptionalLong.empty());
    }

    /** Without the reason and the remedy. */
    private static Optional<Weakness> flaw(Path path, OptionalLong further) throws Exception {
        return SafePath.onTheWay(path, further).map(w -> new Weakness(w.at(), w.owner(), "", ""));
    }

    private static Optional<Weakness> writable(Path place) {
        return Optional.of(new Weakness(place, OptionalLong.empty(), "", ""));
    }

    private static Optional<Weakness> owned(Path place) {
        return Optional.of(new Weakness(place, OptionalLong.of(STRANGER), "", ""));
    }

    private static String weakness(Path path) throws Exception {
        return SafePath.ofFile(path).map(w -> w.reason() + "; " + w.remedy()).orElse("");
    }

    private static void mode(Path path, String permissions) throws Exception {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static void give(Path place) throws Exception {
        if (!Users.isRoot()) {
            System.out.println("left out: only root can give a file away");
            Assumptions.abort();
        }
        Files.setAttribute(place, "unix:uid", (int) STRANGER, LinkOption.NOFOLLOW_LINKS);
    }

    private Path create(String name, String permissions) throws Exception {
        Path created = Files.createDirectory(directory.resolve(name));
        mode(created, permissions);
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
        assertThat(flaw(path, OptionalLong.of(STRANGER))).isEmpty();
        assertThat(flaw(path, OptionalLong.of(1))).isEqualTo(owned(others));
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
    void dotsInALinkAreNotTakenForTheShortWay() throws Exception {
        Path open = create("open", "rwxrwxrwx");
        Path dotted = Files.createSymbolicLink(directory.resolve("dotted"), Path.of("open/.."));
        assertThat(flaw(dotted.resolve("file"))).isEqualTo(writable(open));
        mode(open, "rwxr-xr-x");
        assertThat(flaw(dotted.resolve("file"))).isEmpty();
    }

    @Test
    void wayThatEnds() throws Exception {
        Path loop = directory.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        assertThatThrownBy(() -> flaw(loop)).isInstanceOf(FileSystemLoopException.class);
        assertThatThrownBy(() -> flaw(directory.resolve("none/file")))
                .isInstanceOf(NoSuchFileException.class);
    }

    // where the file counts too

    @Test
    void fileThatOthersCanChange() throws Exception {
        mode(file, "rw-r--r--");
        assertThat(weakness(file)).isEmpty();
        mode(file, "rw-r--rw-");
        assertThat(weakness(file))
                .isEqualTo(
                        "all users can change %1$s; protect it with: chmod go-w %1$s"
                                .formatted(file));
        mode(file, "rw-rw-r--");
        String group = Files.readAttributes(file, "posix:group").get("group").toString();
        assertThat(weakness(file))
                .isEqualTo(
                        Users.isRoot()
                                ? "the group %s can change %s; protect it with: chmod go-w %2$s"
                                        .formatted(group, file)
                                : "");
    }

    @Test
    void fileOfAnotherUser() throws Exception {
        give(file);
        assertThat(weakness(file))
                .isEqualTo(
                        "%s belongs to uid %d, who can change it; take it over with: chown -h root %1$s"
                                .formatted(file, STRANGER));
    }

    @Test
    void fileInADirectoryOfAnotherUser() throws Exception {
        Path others = create("others", "rwxr-xr-x");
        Path inside = Files.createFile(others.resolve("file"));
        give(others);
        assertThat(weakness(inside))
                .isEqualTo( // no chown: the directory may be a home
                        "%s belongs to uid %d, who can replace files there; choose another directory"
                                .formatted(others, STRANGER));
    }
}
