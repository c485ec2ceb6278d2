package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Daemons with workers forked ahead, and queries to them and their processes. The run for spawned
 * workers leaves out the tests that use this class.
 */
final class Prefork {

    /** In the title of a worker that a template has forked and that has a connection. */
    static final String FORKED = "hg-cmdserver: worker";

    /** In the title of a worker that was started for its connection. */
    static final String SPAWNED = "hg-cmdserver: spawned worker";

    static final String READY = "workers are forked ahead from a warm Mercurial";

    /** See CONTROL in src/main/python/hgcmdserver/daemonline.py. */
    private static final int LINE = 3;

    private Prefork() {}

    /**
     * A daemon's environment with a home of its own, so that a test can change the configuration.
     */
    static Daemon start(Path directory, Path home, String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of("--workers", "prefork"));
        all.addAll(List.of(options));
        Daemon daemon = Daemon.start(directory, inHome(home), all.toArray(String[]::new));
        awaitIdle(daemon, 1);
        return daemon;
    }

    static Consumer<Map<String, String>> inHome(Path home) {
        return env -> {
            env.put("HOME", home.toString());
            env.remove("XDG_CONFIG_HOME");
            env.remove("HGRCPATH");
        };
    }

    /** Waits until the given number of templates have become ready, one after the other. */
    static void awaitReady(Daemon daemon, int count) {
        await().untilAsserted(
                        () ->
                                assertThat(daemon.log().split(READY, -1).length - 1)
                                        .as(
                                                "templates that became ready; the log: %s",
                                                daemon.log())
                                        .isGreaterThanOrEqualTo(count));
    }

    /**
     * Makes a Mercurial of the test's own: a copy of the machine's, with a library directory of its
     * own. Until 6.9 the script names that directory, as "make install-home" installs it; a later
     * script does not, and names the interpreter of a virtual environment, as pip installs it
     * there.
     *
     * @param change commands of the shell, run in the library directory
     * @return its hg
     */
    static Path copyMercurial(Path directory, String change) throws Exception {
        String copy =
                """
                set -e
                mkdir -p own/bin own/lib
                cp -r /usr/lib/python3/dist-packages/mercurial /usr/lib/python3/dist-packages/hgext \
                    /usr/lib/python3/dist-packages/hgdemandimport own/lib
                if grep -q '^libdir = ' /usr/bin/hg; then
                    sed "s,^libdir = .*,libdir = '../lib'," /usr/bin/hg > own/bin/hg
                else
                    python3 -m venv --copies --without-pip own/environment
                    echo "$PWD/own/lib" > "$(echo own/environment/lib/python3*/site-packages)/own.pth"
                    sed "1s,.*,#!$PWD/own/environment/bin/python3," /usr/bin/hg > own/bin/hg
                fi
                chmod +x own/bin/hg
                cd own/lib
                """;
        Processes.run(directory, "sh", "-c", copy + change).succeeded();
        return directory.resolve("own/bin/hg");
    }

    /** A shell command that writes another version into a Mercurial's __version__.py. */
    static String setVersion(String version, Path file) {
        // version = b"6.3.2", or since 7.0 __version__ = version = '7.0.1'
        String edit = "sed -i -E \"s/( version|^version) = (b?).*/\\1 = \\2'%s'/\" '%s'";
        return edit.formatted(version, file);
    }

    static String username(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            return hg.run("config", "ui.username").out().strip();
        }
    }

    static String version(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            return hg.run("version", "-q").out();
        }
    }

    static String tip(Daemon daemon, Repository repository) throws Exception {
        try (Session hg = Session.to(daemon)) {
            String[] log = {"log", "-R", repository.toString(), "-l1", "-T", "{rev} {desc}"};
            return hg.run(log).out();
        }
    }

    static void strip(Repository repository, String revision) throws Exception {
        repository
                .hg("--config", "extensions.strip=", "strip", "-q", "--no-backup", revision)
                .succeeded();
    }

    /** The title of a process, or its arguments if it has none; empty if the process has gone. */
    static String command(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException gone) {
            return "";
        }
    }

    /** The template that the daemon started last; 0 if there is none. */
    static long template(Daemon daemon) throws Exception {
        Map<Long, String> lines = new HashMap<>();
        for (long child : Processes.children(daemon.pid())) {
            String line = Processes.openFiles(child).getOrDefault(LINE, "");
            if (line.startsWith("socket:") && command(child).contains("hg-cmdserver: template")) {
                lines.put(child, line);
            }
        }
        lines.values().removeAll(daemon.connectionSockets()); // of busy workers
        // a worker that has just been forked still has its title, and is younger
        Map<String, Long> templates = new HashMap<>();
        for (long pid : lines.keySet()) {
            templates.merge(command(pid), pid, (a, b) -> started(a) <= started(b) ? a : b);
        }
        return templates.values().stream().max(Comparator.comparing(Prefork::started)).orElse(0L);
    }

    /** When a process was started, in clock ticks; 0 if it has gone. */
    private static long started(long pid) {
        try {
            return Processes.stat(pid, 19);
        } catch (Exception gone) {
            return 0;
        }
    }

    /**
     * The workers that have announced themselves and have had no connection: in the place of the
     * template's line they have /dev/null, which the connection will replace. For a moment this is
     * also true of the worker that proves a template.
     */
    static List<Long> idleWorkers(Daemon daemon) throws Exception {
        List<Long> idle = new ArrayList<>();
        for (long child : Processes.children(daemon.pid())) {
            if (command(child).contains("hg-cmdserver: idle worker")
                    && "/dev/null".equals(Processes.openFiles(child).get(LINE))) {
                idle.add(child);
            }
        }
        return idle;
    }

    /** Waits for that many idle workers of a template that has been proven. */
    static void awaitIdle(Daemon daemon, int count) {
        awaitReady(daemon, 1);
        await().until(() -> idleWorkers(daemon).size() >= count);
    }
}
