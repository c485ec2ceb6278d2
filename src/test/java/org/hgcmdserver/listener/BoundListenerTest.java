package org.hgcmdserver.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.UnixSocket;
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

    @Test
    void rebindsAPathThatIsFree() throws Exception {
        BoundListener listener = BoundListener.bind(address, 0640);
        int fd = listener.fd();
        try (OwnedDescriptor queued = UnixSocket.open();
                OwnedDescriptor later = UnixSocket.open()) {
            UnixSocket.connect(queued.fd(), address);
            Files.delete(address);
            Listener old = listener.rebind().orElseThrow();
            assertThat(listener.fd()).isEqualTo(fd);
            assertThat(listener.isReachable()).isTrue();
            assertThat(mode(address)).isEqualTo("rw-r-----");
            assertThat(listener.accept()).isNull();
            close(old.accept());
            old.release();
            UnixSocket.connect(later.fd(), address);
            close(listener.accept());
        }
        listener.unlink();
        assertThat(address).doesNotExist();
        listener.release();
    }

    private static void close(Connection accepted) {
        assertThat(accepted).isNotNull();
        accepted.release();
    }

    @Test
    void takesThePathOfAServerThatChgHasStarted() throws Exception {
        BoundListener listener = BoundListener.bind(address, 0600);
        Files.delete(address);
        Path ofTheLink = directory.resolve("server-0123456789ab");
        Path starting = directory.resolve("server-ba9876543210");
        Files.createSymbolicLink(address, ofTheLink.getFileName());
        for (Path chgs : List.of(ofTheLink, starting)) {
            BoundListener.bind(chgs, 0600).release();
        }
        Path link = Files.createSymbolicLink(directory.resolve("server.sock.123"), starting);
        Path file = Files.createFile(directory.resolve("server-aaaaaaaaaaaa"));
        listener.rebind().orElseThrow().release();
        assertThat(listener.isReachable()).isTrue();
        assertThat(List.of(ofTheLink, starting))
                .as("a chg has yet to connect")
                .allMatch(Files::exists);
        assertThat(link).isSymbolicLink();
        listener.unlink();
        assertThat(List.of(ofTheLink, starting)).noneMatch(Files::exists);
        assertThat(Files.isSymbolicLink(link)).as("of a chg that was killed").isFalse();
        assertThat(file).exists();
        listener.release();
    }

    @Test
    void doesNotTakeAnothersPath() throws Exception {
        BoundListener listener = BoundListener.bind(address, 0600);
        Files.delete(address);
        Files.move(others, address);
        assertThat(listener.isLost()).isFalse();
        assertThat(listener.rebind()).isEmpty();
        assertThat(listener.isLost()).isTrue();
        assertThat(address).isRegularFile();
        Files.delete(address);
        Files.createSymbolicLink(address, directory.resolve("server-0123456789ab"));
        assertThat(listener.rebind()).as("not a link as chg makes it").isEmpty();
        Files.delete(address);
        BoundListener another = BoundListener.bind(address, 0600);
        assertThat(listener.rebind()).isEmpty();
        assertThat(another.isReachable()).isTrue();
        another.release();
        another.unlink();
        assertThat(listener.isLost()).isTrue();
        listener.rebind().orElseThrow().release();
        assertThat(listener.isLost()).as("the path was free in the end").isFalse();
        listener.release();
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
