package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The class-data archives with which the program's JVMs start faster. */
@RunsOnce
class StartArchiveIT {

    private static final String OPTION = "-XX:SharedArchiveFile=";

    private static final Path BUILD = Daemon.DIST.resolve("lib/build");

    private static final Path JAVAS = Path.of("/usr/lib/jvm");

    @TempDir Path directory;

    private Path caches;
    private Path cache;

    /** What each JVM of {@link #status} was started with. */
    private Path started;

    @BeforeEach
    void makeDirectories() throws Exception {
        LeftOut.unless(
                !Files.exists(Path.of("/var/cache/hg-cmdserver")), "the package is installed");
        caches = Files.createDirectory(directory.resolve("caches"));
        cache = caches.resolve("hg-cmdserver");
        started = directory.resolve("started");
    }

    private Consumer<Map<String, String>> environment() {
        return env -> {
            env.put("XDG_CACHE_HOME", caches.toString());
            env.put("HG_CMDSERVER_JAVA_OPTIONS", "");
        };
    }

    private static Path java() {
        return ProcessHandle.current().info().command().map(Path::of).orElseThrow();
    }

    private void makeArchives(Path java) throws Exception {
        Processes.run(
                        directory,
                        "env",
                        "JAVA_HOME=" + java.getParent().getParent(),
                        Daemon.PROGRAM,
                        "class-archive",
                        cache.toString())
                .succeeded();
    }

    private Path archive(String command) throws Exception {
        return cache.resolve(
                "%s-%s.jsa".formatted(command, Files.readString(BUILD).substring(0, 16)));
    }

    @Test
    void firstOrderlyEndMakesWhatTheNextStartUses() throws Exception {
        try (Daemon daemon = Daemon.start(directory, environment())) {
            assertThat(isMapped(daemon)).isFalse();
            daemon.stop();
        }
        try (Stream<Path> files = Files.list(cache)) {
            assertThat(files).containsExactlyInAnyOrder(archive("serve"), archive("run"));
        }
        try (Daemon daemon = Daemon.start(directory, environment())) {
            assertThat(isMapped(daemon)).isTrue();
            ReloadIT.reload(daemon);
            assertThat(isMapped(daemon)).as("after a reload").isTrue();
            daemon.stop();
        }
        status(java());
        assertThat(Files.readString(started)).contains(OPTION + archive("run"));
    }

    private boolean isMapped(Daemon daemon) throws Exception {
        return Files.readString(Path.of("/proc/" + daemon.pid() + "/maps"))
                .contains(archive("serve").toString());
    }

    /** The JVM must not even see an archive that others can have made, or that would crash it. */
    @Test
    void archiveThatCannotBeTrustedIsNotUsed() throws Exception {
        makeArchives(java());
        Path archive = archive("run");
        Path good = Files.copy(archive, directory.resolve("good"));
        status(java());
        assertThat(Files.readString(started)).contains(OPTION + archive);

        List<Damage> damages =
                List.of(
                        () -> Files.delete(archive),
                        () -> truncate(archive),
                        () -> Files.setLastModifiedTime(archive, Files.getLastModifiedTime(good)),
                        () ->
                                Files.move(
                                        archive,
                                        cache.resolve("run-%s.jsa".formatted("0".repeat(16)))),
                        () -> {
                            Files.move(archive, directory.resolve("elsewhere"));
                            Files.createSymbolicLink(archive, directory.resolve("elsewhere"));
                        },
                        () ->
                                Files.setPosixFilePermissions(
                                        cache, PosixFilePermissions.fromString("rwxrwxr-x")),
                        () ->
                                Files.setPosixFilePermissions(
                                        cache, PosixFilePermissions.fromString("rwxr-xrwx")));
        for (Damage damage : damages) {
            Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.deleteIfExists(archive);
            Files.copy(good, archive);
            Files.setLastModifiedTime(archive, Files.getLastModifiedTime(BUILD));
            damage.run();
            status(java());
            assertThat(Files.readString(started))
                    .as("damage %d", damages.indexOf(damage))
                    .doesNotContain(OPTION);
        }
    }

    private interface Damage {
        void run() throws Exception;
    }

    private static void truncate(Path file) throws Exception {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
    }

    @Test
    void archiveThatTheJvmRefusesCostsNoWord() throws Exception {
        makeArchives(java());
        Path archive = archive("run");
        try (FileChannel channel = FileChannel.open(archive, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[64])); // the header
        }
        Files.setLastModifiedTime(archive, Files.getLastModifiedTime(BUILD));
        status(java());
        assertThat(Files.readString(started)).contains(OPTION + archive);
    }

    @Test
    void archiveOfAnotherJavaCostsNoWord() throws Exception {
        Path other = otherJava();
        LeftOut.unless(other != null, "there is no other Java in " + JAVAS);
        makeArchives(other);
        status(java());
        assertThat(Files.readString(started)).contains(OPTION + archive("run"));
    }

    private static Path otherJava() throws Exception {
        String version = System.getProperty("java.version");
        try (Stream<Path> javas = Files.list(JAVAS)) {
            for (Path java : javas.toList()) {
                Path release = java.resolve("release");
                if (Files.exists(release)
                        && !Files.readString(release).contains("\"" + version + "\"")) {
                    return java.resolve("bin/java");
                }
            }
        }
        return null;
    }

    @Test
    void directoryThatCannotBeMadeCostsNothing() throws Exception {
        Files.writeString(cache, "a file in its place");
        try (Daemon daemon = Daemon.start(directory, environment())) {
            daemon.stop();
            assertThat(daemon.log()).doesNotContain("warn", "mkdir", "archive");
        }
    }

    /** Runs a short command, which says what it says without an archive, and nothing else. */
    private void status(Path java) throws Exception {
        Path home = directory.resolve("home");
        Path wrapper = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(
                wrapper,
                "#!/bin/sh\nprintf '%%s\\n' \"$@\" >'%s'\nexec '%s' \"$@\"\n"
                        .formatted(started, java));
        assertThat(wrapper.toFile().setExecutable(true)).isTrue();
        Processes.Result result =
                Processes.run(
                        directory,
                        "env",
                        "JAVA_HOME=" + home,
                        "XDG_CACHE_HOME=" + caches,
                        Daemon.PROGRAM,
                        "status",
                        "--address",
                        directory.resolve("none").toString());
        assertThat(result.status()).isEqualTo(3);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).hasLineCount(1).contains("no server is there");
    }
}
