package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What commands of daily use print, and their status, side by side: plain hg, chg with a server of
 * its own, and chg on this daemon, which answers as plain hg does.
 */
@Timeout(600) // some 300 commands, most of them by plain hg
class ChgOutputIT {

    private static final String CHG = Chg.PROGRAM.toString();

    /**
     * The commands of commands.sh that chg's own server, which loads a configuration once, runs
     * otherwise.
     */
    private static final Set<String> OWN_SERVERS_DIFFERENCES =
            Set.of("fork", "fork-raise", "no-cwd", "stop");

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void prepare() throws Exception {
        LeftOut.unless(Chg.isThere(), "there is no " + CHG);
        home = Files.createDirectory(directory.resolve("home"));
        Files.writeString(home.resolve(".hgrc"), "[ui]\nusername = t\n");
        try (InputStream script = getClass().getResourceAsStream("chg/commands.sh")) {
            Files.copy(script, directory.resolve("commands.sh"));
        }
    }

    @Test
    void commandsAreAsWithPlainHg() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            Map<String, String> plain = results(daemon, "hg");
            assertThat(OWN_SERVERS_DIFFERENCES)
                    .containsAll(commandsWithDifferences(plain, resultsByOwnServer(daemon)));
            assertThat(differences(plain, results(daemon, CHG))).isEmpty();
            if (Daemon.PREFORK) {
                String[][] environments = {
                    {}, {"HGPLAIN=1"}, {"LC_ALL=C"}
                }; // those of the commands
                for (String[] variables : environments) {
                    awaitWarm(daemon, variables);
                }
                assertThat(differences(plain, results(daemon, CHG)))
                        .as("by warm workers")
                        .isEmpty();
                for (String[] variables : environments) {
                    assertThat(isServedWarm(daemon, variables)).isTrue();
                }
            }
            assertThat(plain.get("editor.out")).contains("HG: ");
            assertThat(plain.get("alias.out")).contains("CHGSOCKNAME=" + daemon.address());
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    /** The user's configuration is loaded for each command, with what its extensions print. */
    @Test
    @RunsOnce
    void commandsAreAsWithPlainHgWithAUsersConfiguration() throws Exception {
        Files.writeString(
                home.resolve("broken.py"),
                """
                import sys
                print('on import')
                def uisetup(ui):
                    ui.write(b'%d words\\n' % len(sys.argv))
                    raise RuntimeError('broken here')
                """);
        Files.writeString(
                home.resolve(".hgrc"),
                """
                [ui]
                username = t
                tweakdefaults = yes
                logtemplate = "{label('log.node', node|short)} {desc|firstline} {separate(' ', tags)}\\n"
                [extensions]
                broken = ~/broken.py
                absent =
                color =
                pager =
                progress =
                rebase =
                histedit =
                mq =
                purge =
                shelve =
                strip =
                extdiff =
                journal =
                share =
                blackbox =
                [progress]
                assume-tty = yes
                delay = 0
                [color]
                mode = ansi
                log.node = red bold
                [alias]
                log = log --graph
                root = root --quiet
                status = status --verbose
                [defaults]
                add = --dry-run
                """);
        try (Daemon daemon = Daemon.start(directory)) {
            Map<String, String> plain = results(daemon, "hg");
            assertThat(plain.get("root.err")).contains("broken here").contains("absent");
            assertThat(commandsWithDifferences(plain, resultsByOwnServer(daemon)))
                    .as("chg's own server prints the warnings of extensions once")
                    .contains("root");
            String[][] environments = {{}, {"HGPLAIN=1"}, {"LC_ALL=C"}};
            for (String[] variables : environments) {
                awaitWarm(daemon, variables);
            }
            assertThat(differences(plain, results(daemon, CHG))).isEmpty();
            for (String[] variables : environments) {
                assertThat(isServedWarm(daemon, variables)).isTrue();
            }
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    private static Map<String, List<String>> differences(
            Map<String, String> plain, Map<String, String> served) {
        Map<String, List<String>> differences = new TreeMap<>();
        Set<String> names = new TreeSet<>(plain.keySet());
        names.addAll(served.keySet());
        for (String name : names) {
            List<String> both =
                    List.of(
                            plain.getOrDefault(name, "(missing)"),
                            served.getOrDefault(name, "(missing)"));
            if (!both.get(0).equals(both.get(1))) {
                differences.put(name, both);
            }
        }
        return differences;
    }

    /** Waits until forked workers serve a chg with these variables. */
    private void awaitWarm(Daemon daemon, String... variables) {
        await().until(() -> isServedWarm(daemon, variables));
    }

    /** Whether a command runs in a forked worker, not in a process that replaces it. */
    private boolean isServedWarm(Daemon daemon, String... variables) throws Exception {
        List<String> all = new ArrayList<>(List.of("HOME=" + home));
        all.addAll(List.of(variables));
        return Chg.isForked(Chg.process(daemon, directory, all));
    }

    /** What the commands said, by file. */
    private Map<String, String> results(Daemon daemon, String program) throws Exception {
        String socket = "CHGSOCKNAME=" + daemon.address();
        return results("env", "HOME=" + home, socket, "sh", "commands.sh", program);
    }

    /** What the commands of chg say with a server of its own, as if at the daemon's address. */
    private Map<String, String> resultsByOwnServer(Daemon daemon) throws Exception {
        Path socket = Files.createDirectory(directory.resolve("own")).resolve("server.sock");
        String name = "CHGSOCKNAME=" + socket;
        try {
            Map<String, String> own =
                    results("env", "HOME=" + home, name, "sh", "commands.sh", CHG);
            own.replaceAll(
                    (file, text) -> text.replace(socket.toString(), daemon.address().toString()));
            return own;
        } finally {
            Chg.endOwnServers(name);
        }
    }

    private static Set<String> commandsWithDifferences(
            Map<String, String> plain, Map<String, String> own) {
        assertThat(own.keySet()).isEqualTo(plain.keySet());
        Set<String> commands = new TreeSet<>();
        for (String file : differences(plain, own).keySet()) {
            commands.add(file.replaceFirst("\\..*", ""));
        }
        return commands;
    }

    private Map<String, String> results(String... script) throws Exception {
        Processes.runScript(directory, script).succeeded();
        Map<String, String> results = new TreeMap<>();
        Path path = directory.resolve("results");
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                results.put(file.getFileName().toString(), Files.readString(file, ISO_8859_1));
            }
        }
        Processes.run(directory, "rm", "-r", path.toString()).succeeded();
        return results;
    }
}
