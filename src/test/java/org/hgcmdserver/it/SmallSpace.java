package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A small tmpfs(5) on a directory of the test, visible to one command and its children only
 * (mount_namespaces(7)): the tmpfs vanishes with these processes, whether the test passes or fails.
 */
final class SmallSpace {

    /** Some five times the space that a template needs. */
    private static final String MOUNT =
            "mount -t tmpfs -o size=1m,nr_inodes=200 none \"$0\" && (cd \"$0\"; %s) 2>/dev/null;"
                    + " exec \"$@\"";

    private final Path path;

    /** Skips the test if this user may not mount anything, not even in a namespace. */
    SmallSpace(Path directory) throws Exception {
        path = Files.createTempDirectory(directory, "space");
        List<String> command = command(":", "grep", "-F", path.toString(), "/proc/mounts");
        Processes.Result mounted = Processes.run(path, command.toArray(String[]::new));
        LeftOut.unless(
                mounted.status() == 0 && mounted.out().contains("tmpfs"),
                "mounting a tmpfs is not allowed here: " + mounted.err().strip());
    }

    /** Starts a daemon with the tmpfs as TMPDIR, after the shell has run {@code filler} there. */
    Daemon start(Path directory, String filler) throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                command(
                        filler,
                        Daemon.PROGRAM,
                        "serve",
                        "--debug",
                        "--workers=" + Daemon.WORKERS,
                        "--address=" + address);
        Daemon daemon =
                Daemon.launch(
                        directory, address, env -> env.put("TMPDIR", path.toString()), command);
        daemon.awaitLog("listening at");
        return daemon;
    }

    private List<String> command(String filler, String... command) {
        List<String> all = new ArrayList<>(List.of("unshare", "--mount"));
        if (!System.getProperty("user.name").equals("root")) {
            all.addAll(List.of("--user", "--map-root-user"));
        }
        all.addAll(List.of("sh", "-c", MOUNT.formatted(filler), path.toString()));
        all.addAll(List.of(command));
        return all;
    }

    /** Fills the tmpfs to the last byte and the last inode. */
    void fill(Daemon daemon) throws IOException {
        Path inside = inside(daemon);
        try (OutputStream filler = Files.newOutputStream(inside.resolve("full"))) {
            assertNoSpaceIsLeft(() -> filler.write(new byte[4096]));
        }
        assertNoSpaceIsLeft(() -> Files.createTempDirectory(inside, "full"));
    }

    private interface Taking {
        void some() throws IOException;
    }

    private static void assertNoSpaceIsLeft(Taking space) {
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 1000; i++) {
                                space.some();
                            }
                        })
                .hasMessageContaining("No space left on device");
    }

    /** Removes the files that filled the tmpfs. */
    void empty(Daemon daemon) throws Exception {
        Processes.run(inside(daemon), "sh", "-c", "rm -rf full* [0-9]*").succeeded();
    }

    /** The path by which other processes see the tmpfs: proc(5), "/proc/pid/root". */
    private Path inside(Daemon daemon) {
        Path inside = Path.of("/proc/" + daemon.pid() + "/root" + path);
        assertThat(inside).isDirectory();
        return inside;
    }
}
