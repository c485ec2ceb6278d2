package org.hgcmdserver.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file that has replaced the socket belongs to another process. */
class BoundListenerTest {

    @TempDir Path directory;
    private Path address;
    private Path others;

    @BeforeEach
    void createAnothersFile() throws Exception {
        address = directory.resolve("server.sock");
        others = Files.createFile(directory.resolve("another's"));
        Files.setPosixFilePermissions(others, PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void modeIsThatOfTheSocket() throws Exception {
        BoundListener listener = BoundListener.bind(address, 0600);
        assertThat(mode(address)).isEqualTo("rw-------");
        listener.setMode(0666);
        assertThat(mode(address)).isEqualTo("rw-rw-rw-");
        listener.unlink();
        assertThat(address).doesNotExist();
        listener.release();
    }

    @Test
    void linkToAnothersFileIsNotFollowed() throws Exception {
        BoundListener listener = BoundListener.bind(address, 0600);
        Files.delete(address);
        Files.createSymbolicLink(address, others);
        assertThat(listener.isReachable()).isFalse();
        listener.setMode(0666);
        listener.unlink();
        assertThat(mode(others)).isEqualTo("rw-------");
        assertThat(address).isSymbolicLink();
        listener.release();
    }

    @Test
    void linkToTheSocketItselfIsNotRemoved() throws Exception {
        BoundListener listener = BoundListener.bind(address, 0600);
        Path moved = directory.resolve("moved");
        Files.move(address, moved);
        Files.createSymbolicLink(address, moved);
        listener.unlink();
        assertThat(address).isSymbolicLink();
        listener.release();
    }

    @Test
    void modeOfAPathThatIsGoneIsNoFailure() throws Exception {
        BoundListener listener = BoundListener.bind(address, 0600);
        Files.delete(address);
        listener.setMode(0666);
        listener.release();
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
