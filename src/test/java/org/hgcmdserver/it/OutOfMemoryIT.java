package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel ends a worker, or the template, before the daemon. */
class OutOfMemoryIT {

    /** Of the first version: the second one has no file to which anybody can add a process. */
    private static final Path GROUPS = Path.of("/sys/fs/cgroup/memory");

    private static final String LIMIT = "200M";
    private static final int MOST_CLIENTS = 100;
    private static final Pattern KILLS = Pattern.compile("^oom_kill (\\d+)$", Pattern.MULTILINE);

    @TempDir Path directory;

    private static int score(long pid) {
        try {
            String text = Files.readString(Path.of("/proc/" + pid + "/oom_score_adj"));
            return Integer.parseInt(text.strip());
        } catch (IOException gone) {
            return 0;
        }
    }

    @Test
    void eachWorkerIsMoreExpendable() throws Exception {
        try (Daemon daemon = Daemon.start(directory);
                RawClient client = new RawClient(daemon.address())) {
            assertThat(client.readFrame()).contains("capabilities");
            int least = score(daemon.pid()) + 100;
            await().untilAsserted( // a proof may end meanwhile
                            () ->
                                    assertThat(Processes.children(daemon.pid()))
                                            .isNotEmpty()
                                            .allMatch(child -> score(child) >= least));
        }
    }

    @Test
    void daemonOutlivesAShortage() throws Exception {
        Path group = GROUPS.resolve("hg-cmdserver-test-" + ProcessHandle.current().pid());
        LeftOut.unless(
                Files.isWritable(GROUPS) && Files.exists(GROUPS.resolve("memory.oom_control")),
                "there is no control group for memory that this user can divide");
        Files.createDirectory(group);
        List<RawClient> clients = new ArrayList<>();
        try (Daemon daemon =
                Daemon.start(
                        directory,
                        "--max-workers=" + 2 * MOST_CLIENTS,
                        "--max-workers-per-user=infinity")) {
            Files.writeString(group.resolve("memory.limit_in_bytes"), LIMIT);
            List<Long> processes = new ArrayList<>(Processes.children(daemon.pid()));
            processes.add(daemon.pid());
            for (long pid : processes) {
                add(pid, group, daemon);
            }
            while (kills(group) == 0) {
                assertThat(clients).as("clients").hasSizeLessThan(MOST_CLIENTS);
                RawClient client = new RawClient(daemon.address());
                clients.add(client);
                askOne(client);
            }
            for (RawClient client : clients) {
                client.close();
            }
            await().until(
                            () -> {
                                try (RawClient client = new RawClient(daemon.address())) {
                                    return askOne(client);
                                }
                            });
            assertThat(daemon.isAlive()).isTrue();
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
            await().until(() -> Files.readString(group.resolve("cgroup.procs")).isEmpty());
            Files.delete(group);
        }
    }

    /** Whether the client's worker answers, and is not the one that the kernel ends. */
    private static boolean askOne(RawClient client) {
        try {
            client.runCommand("version -q");
            return client.readFrame().contains("capabilities") && client.awaitResult() == 0;
        } catch (IOException | RuntimeException killed) {
            return false;
        }
    }

    /** Adds a process, or a child of the daemon that may have ended. */
    private static void add(long pid, Path group, Daemon daemon) throws IOException {
        try {
            Files.writeString(group.resolve("cgroup.procs"), String.valueOf(pid));
        } catch (IOException e) {
            if (pid == daemon.pid() || daemon.isParentOf(pid)) {
                throw e;
            }
        }
    }

    private static int kills(Path group) throws IOException {
        Matcher line = KILLS.matcher(Files.readString(group.resolve("memory.oom_control")));
        return line.find() ? Integer.parseInt(line.group(1)) : 0;
    }
}
