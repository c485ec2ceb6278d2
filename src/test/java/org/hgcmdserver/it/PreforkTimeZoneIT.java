package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.inHome;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A change of the local time zone holds for the next connection, as for plain hg. */
class PreforkTimeZoneIT {

    private static final Path LOCALTIME = Path.of("/etc/localtime");

    @TempDir Path directory;
    private Path home;
    private Path zone;
    private Repository repository;

    @BeforeEach
    void prepare() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
        zone = directory.resolve("zone");
        repository = Repository.create(directory, "repository").commit("a", "0", "m");
    }

    /** Writes a file in the format of tzfile(5) for a zone at a constant offset in hours east. */
    private static void write(Path file, int hours) throws IOException {
        ByteBuffer zone = ByteBuffer.allocate(64).put("TZif".getBytes()).position(20);
        zone.putInt(0).putInt(0).putInt(0).putInt(0).putInt(1).putInt(4);
        zone.putInt(hours * 3600).put((byte) 0).put((byte) 0).put("XYZ\0".getBytes());
        Files.write(file, java.util.Arrays.copyOf(zone.array(), zone.position()));
    }

    /** Only the daemon sees the mount (mount_namespaces(7)); the file beneath it changes. */
    @Test
    void localtimeIsWrittenAnew() throws Exception {
        LeftOut.unless(Files.exists(LOCALTIME), "there is no " + LOCALTIME);
        write(zone, 1);
        List<String> mounted = inNamespace("cmp", zone.toString(), LOCALTIME.toString());
        Processes.Result same = Processes.run(directory, mounted.toArray(String[]::new));
        LeftOut.unless(same.status() == 0, "mounting is not allowed here: " + same.err().strip());
        Path address = directory.resolve("server.sock");
        List<String> command = inNamespace(Daemon.PROGRAM, "serve", "--debug");
        command.addAll(List.of("--workers", "prefork", "--address", address.toString()));
        try (Daemon daemon =
                Daemon.launch(
                        directory,
                        address,
                        env -> {
                            inHome(home).accept(env);
                            env.remove("TZ");
                        },
                        command)) {
            follows(daemon, () -> write(zone, 2));
        }
    }

    private List<String> inNamespace(String... command) {
        List<String> all = new ArrayList<>(List.of("unshare", "--mount"));
        if (!System.getProperty("user.name").equals("root")) {
            all.addAll(List.of("--user", "--map-root-user"));
        }
        String mount = "mount --bind \"$0\" /etc/localtime && exec \"$@\"";
        all.addAll(List.of("sh", "-c", mount, zone.toString()));
        all.addAll(List.of(command));
        return all;
    }

    /** Replaces the file like an upgrade of the zones. */
    @Test
    void fileOfTheZoneIsReplaced() throws Exception {
        write(zone, 1);
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(
                        Daemon.PROGRAM,
                        "serve",
                        "--debug",
                        "--workers=prefork",
                        "--address=" + address);
        for (String name : new String[] {":" + zone, "zone"}) {
            write(zone, 1);
            try (Daemon daemon =
                    Daemon.launch(
                            directory,
                            address,
                            env -> {
                                inHome(home).accept(env);
                                env.put("TZ", name);
                                env.put("TZDIR", directory.toString());
                            },
                            command)) {
                follows(
                        daemon,
                        () -> {
                            Path next = directory.resolve("next");
                            write(next, 2);
                            Files.move(next, zone, StandardCopyOption.REPLACE_EXISTING);
                        });
            }
        }
    }

    private interface Change {
        void make() throws IOException;
    }

    private void follows(Daemon daemon, Change change) throws Exception {
        daemon.awaitLog(Prefork.READY);
        Prefork.awaitIdle(daemon, 2);
        assertThat(committedAt(daemon, "1")).isEqualTo("-3600");
        Prefork.awaitIdle(daemon, 2);
        change.make();
        assertThat(committedAt(daemon, "2")).isEqualTo("-7200");
        Prefork.awaitReady(daemon, 2);
        Prefork.awaitIdle(daemon, 1);
        assertThat(committedAt(daemon, "3")).isEqualTo("-7200");
        daemon.stop();
    }

    /** The offset of a new changeset, in seconds west. */
    private String committedAt(Daemon daemon, String content) throws Exception {
        Files.writeString(Path.of(repository.toString(), "a"), content + System.nanoTime());
        try (Session hg = Session.to(daemon)) {
            String path = repository.toString();
            assertThat(hg.run("commit", "-R", path, "-m", "m").status()).isZero();
            String date = hg.run("log", "-R", path, "-l1", "-T", "{date|hgdate}").out();
            return date.split(" ")[1];
        }
    }
}
