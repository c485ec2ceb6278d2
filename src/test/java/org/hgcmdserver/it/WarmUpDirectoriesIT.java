package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of the directories of templates' private repositories. */
class WarmUpDirectoriesIT {

    private static final FileAttribute<?> THE_OWNERS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    @TempDir Path directory;
    private Path home;
    private Path temporary;

    @BeforeEach
    void makeDirectories() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
        temporary = Files.createDirectory(directory.resolve("temporary"));
    }

    /**
     * A reload deletes the directory of a template that makes its repository there, and that may
     * have made another file in between.
     */
    @Test
    void templateThatFailsAfterAReloadLeavesNone() throws Exception {
        Gate gate = new Gate(directory);
        Path pid = directory.resolve("pid");
        Path extension = directory.resolve("slow.py");
        Files.writeString(
                extension,
                """
                import os, subprocess
                def uisetup(ui):
                    from hgcmdserver import rehearsal
                    def create(self):
                        with open('%s', 'w') as f:
                            f.write('%%d' %% os.getpid())
                        subprocess.call('%s', shell=True)
                        os.makedirs(self.path, exist_ok=True)
                        raise OSError(2, 'no repository')
                    rehearsal.rehearsal.create = create
                """
                        .formatted(pid, gate.command()));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\nslow=" + extension + "\n");
        try (Daemon daemon = start("daemon")) {
            gate.awaitReached();
            long template = Long.parseLong(Files.readString(pid));
            assertThat(present()).hasSize(1);
            ReloadIT.reload(daemon);
            gate.open();
            await().until(() -> !Processes.isAlive(template));
            daemon.stop();
        }
        assertThat(present()).isEmpty();
    }

    @Test
    void templateRemovesThoseOfADaemonThatWasKilledWithItsChildren() throws Exception {
        List<Path> left;
        try (Daemon daemon = start("daemon", "--min-idle", "2")) {
            Prefork.awaitIdle(daemon, 2);
            left = present();
            assertThat(left).hasSize(1);
            Processes.stop(daemon.pid()); // it would remove the directory
            for (long child : Processes.children(daemon.pid())) {
                Processes.signal(child, "KILL");
            }
            Processes.signal(daemon.pid(), "KILL");
        }
        Path killed = left.get(0);
        Path young = Files.createDirectory(temporary.resolve("hg-cmdserver-1"), THE_OWNERS);
        Files.createFile(young.resolve("file"));
        Path empty = Files.createDirectory(temporary.resolve("hg-cmdserver-2"), THE_OWNERS);
        age(empty);
        try (Daemon daemon = start("first")) {
            Prefork.awaitIdle(daemon, 1);
            assertThat(present()).hasSize(4).contains(killed, young, empty);
            List<Path> used = new ArrayList<>(present());
            used.removeAll(List.of(killed, young, empty));
            age(used.get(0));
            age(killed);
            try (Daemon other = start("second")) {
                Prefork.awaitIdle(other, 1);
                assertThat(present())
                        .hasSize(4)
                        .contains(young, empty, used.get(0))
                        .doesNotContain(killed);
                other.stop();
            }
            daemon.stop();
        }
        assertThat(present()).containsExactlyInAnyOrder(young, empty);
    }

    private Daemon start(String name, String... options) throws Exception {
        Path own = Files.createDirectory(directory.resolve(name));
        Path address = own.resolve("server.sock");
        List<String> command = new ArrayList<>(List.of(Daemon.PROGRAM, "serve", "--debug"));
        command.addAll(List.of("--address", address.toString()));
        command.addAll(List.of(options));
        Daemon daemon =
                Daemon.launch(
                        own,
                        address,
                        Prefork.inHome(home).andThen(e -> e.put("TMPDIR", temporary.toString())),
                        command);
        Daemon.awaitListening(address);
        return daemon;
    }

    private List<Path> present() throws IOException {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.filter(path -> path.getFileName().toString().startsWith("hg-cmdserver-"))
                    .toList();
        }
    }

    private static void age(Path path) throws IOException {
        Instant then = Instant.now().minus(Duration.ofDays(1));
        Files.setLastModifiedTime(path, FileTime.from(then));
    }
}
