package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The JVM loads native libraries from where they are installed: a library unpacked for one start
 * would be mapped from another place, and from a file that is deleted by now.
 */
@RunsOnce
class NativeLibrariesIT {

    private static final Path NATIVE = Daemon.DIST.resolve("lib/native");

    @TempDir Path directory;

    @BeforeEach
    void installedForThisMachine() throws Exception {
        String machine = Processes.run(directory, "uname", "-sm").out().strip().replace(' ', '-');
        LeftOut.unless(
                Files.exists(NATIVE.resolve(machine)),
                "there are no native libraries for " + machine);
    }

    @Test
    void daemon() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            assertThat(ownLibraries(daemon.pid())).contains("libjffi-1.2.so");
            assertThat(foreignLibraries(daemon.pid())).isEmpty();
            daemon.stop();
        }
    }

    @Test
    void client() throws Exception {
        Gate gate = new Gate(directory);
        try (Daemon daemon = Daemon.start(directory)) {
            Process run =
                    new ProcessBuilder(
                                    Daemon.PROGRAM,
                                    "run",
                                    "--no-chg",
                                    "--address",
                                    daemon.address().toString(),
                                    "--",
                                    "version",
                                    "--config",
                                    gate.hook("version"))
                            .start();
            gate.awaitReached();
            assertThat(ownLibraries(run.pid())).contains("libjffi-1.2.so");
            assertThat(foreignLibraries(run.pid())).isEmpty();
            gate.open();
            assertThat(run.waitFor()).isZero();
            daemon.stop();
        }
    }

    private static List<String> ownLibraries(long pid) throws IOException {
        return libraries(pid)
                .filter(line -> line.contains(NATIVE.toString()))
                .map(line -> Path.of(line).getFileName().toString())
                .toList();
    }

    /** Mapped libraries that are not the program's, the system's or Java's. */
    private static List<String> foreignLibraries(long pid) throws IOException {
        Path java =
                ProcessHandle.of(pid).flatMap(p -> p.info().command()).map(Path::of).orElseThrow();
        Path home = java.toRealPath().getParent().getParent();
        return libraries(pid)
                .filter(path -> path.endsWith(" (deleted)") || !isIn(Path.of(path), home))
                .toList();
    }

    private static boolean isIn(Path library, Path home) {
        return Stream.of(NATIVE, home, Path.of("/usr/lib"), Path.of("/lib"), Path.of("/lib64"))
                .anyMatch(library::startsWith);
    }

    /** proc(5): the sixth column of maps is the path. */
    private static Stream<String> libraries(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/maps")).stream()
                .map(line -> line.split("\\s+", 6))
                .filter(columns -> columns.length == 6 && columns[5].contains(".so"))
                .map(columns -> columns[5])
                .distinct();
    }
}
