package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.hgcmdserver.it.differential.Experiment;
import org.hgcmdserver.it.differential.Statistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemon gives the same answers as plain hg: random sequences of commands run on two equal
 * repositories, on one of them through the daemon. {@code -Dhgcmdserver.differential=SECONDS}
 * searches for longer, {@code -Dhgcmdserver.differential.seed=SEED} repeats the same sequences. The
 * resources keep each sequence that found a difference, as text, and the test replays them.
 */
@Timeout(value = 1, unit = java.util.concurrent.TimeUnit.DAYS)
class DifferentialIT {

    /** The time for one kind of workers; less for spawned workers, which share nothing. */
    private static final Duration LENGTH =
            Duration.ofSeconds(
                    Integer.getInteger("hgcmdserver.differential", Daemon.PREFORK ? 20 : 10));

    /** More than this many commands must have succeeded, however slow the machine is. */
    private static final int COMMANDS =
            Integer.getInteger("hgcmdserver.differential.commands", Daemon.PREFORK ? 50 : 20);

    private static final long SEED =
            Long.getLong("hgcmdserver.differential.seed", new Random().nextInt());

    /** The time to spend on a difference once found. */
    private static final Duration SHRINKING =
            Duration.ofSeconds(Integer.getInteger("hgcmdserver.differential.shrink", 120));

    /** The number of runs in which an intermittent fault may appear. */
    private static final int REPLAYS = Loops.length("differential.replays", 3);

    /** The largest number of repositories that a daemon ever kept by default. */
    private static final String KEPT = System.getProperty("hgcmdserver.differential.kept", "4");

    @TempDir Path directory;
    private Statistics statistics;

    @Test
    void answersAreThoseOfPlainHg() throws Exception {
        System.out.println("differential: seed " + SEED);
        assertThat(experiment("", SHRINKING, experiment -> experiment.look(SEED, LENGTH, COMMANDS)))
                .isEmpty();
        System.out.println("differential: " + statistics);
        assertThat(statistics.succeeded()).as("commands that succeeded").isGreaterThan(COMMANDS);
        if (Chg.isThere()) {
            assertThat(statistics.byChg()).as("commands by chg").isPositive();
        }
    }

    @Test
    void whatWasFoundOnceIsNotFoundAgain() throws Exception {
        for (Path stored : stored()) {
            String text = Files.readString(stored);
            Optional<String> report =
                    experiment("", SHRINKING, experiment -> experiment.replay(text, REPLAYS));
            assertThat(report).as(stored.getFileName().toString()).isEmpty();
        }
    }

    /**
     * A fault that needs two of three steps: the experiment finds the fault and these two steps.
     */
    @Test
    @RunsOnce
    void wrongAnswerIsFoundAndItsSequenceShortened() throws Exception {
        Path lying =
                Files.writeString(
                        directory.resolve("lying.py"),
                        """
                        from mercurial import commands, extensions
                        def phase(orig, ui, repo, *args, **opts):
                            if b'b2' in repo._bookmarks and b'amended' in repo[b'tip'].description():
                                ui.write(b'never seen\\n')
                            return orig(ui, repo, *args, **opts)
                        def extsetup(ui):
                            extensions.wrapcommand(commands.table, b'phase', phase)
                        """);
        String text =
                """
                revisions 50
                0 own log files write repo/a "other content"
                0 kept none repo bookmark --inactive b2
                0 own phase repo commit --amend -m "amended or not"
                """;
        Optional<String> report =
                experiment(
                        "lying = " + lying,
                        Duration.ofDays(1),
                        experiment -> experiment.replay(text, 1));
        assertThat(report.orElseThrow())
                .contains("the query phase", "never seen")
                .endsWith(
                        """
                        revisions 50
                        0 own none repo bookmark --inactive b2
                        0 own phase repo commit --amend -m "amended or not"
                        """);
    }

    private interface Trial {
        Optional<String> of(Experiment experiment) throws Exception;
    }

    /** Without a difference, workers of this run's kind must have served the daemon's side. */
    private Optional<String> experiment(String extension, Duration shrinking, Trial trial)
            throws Exception {
        Path own = Files.createTempDirectory(directory, "experiment");
        Path home = Files.createDirectory(own.resolve("home"));
        Map<String, String> environment = new LinkedHashMap<>();
        for (String name : List.of("PATH", "JAVA_HOME")) {
            Optional.ofNullable(System.getenv(name)).ifPresent(v -> environment.put(name, v));
        }
        environment.put("HOME", home.toString());
        environment.put("HGPLAIN", "1"); // as in workers
        environment.put("HGENCODING", "UTF-8");
        environment.put("LC_ALL", "C.UTF-8");
        environment.put("TZ", "UTC");
        environment.put("HGEDITOR", "true");
        environment.put("TMPDIR", own.toString());
        List<String> chg = Daemon.PREFORK && Chg.isThere() ? new ArrayList<>(List.of("-i")) : null;
        if (chg != null) {
            environment.forEach((name, value) -> chg.add(name + "=" + value));
        }
        try (Experiment experiment =
                        new Experiment(
                                own,
                                home,
                                extension,
                                environment,
                                own.resolve("server.sock"),
                                shrinking,
                                Daemon.PREFORK);
                Daemon daemon = start(own, environment)) {
            if (Daemon.PREFORK) {
                Prefork.awaitIdle(daemon, 1);
            }
            if (chg != null) {
                await().until(() -> Chg.isForked(Chg.process(daemon, own, chg)));
            }
            Optional<String> report = trial.of(experiment);
            statistics = experiment.statistics();
            if (Daemon.PREFORK) {
                assertThat(statistics.forked())
                        .as("connections that forked workers served; %s", statistics)
                        .isGreaterThan(statistics.started());
                if (chg != null) {
                    // the last sequence may have changed the configuration that they have loaded
                    await().alias("forked workers serve chg at the end")
                            .until(() -> Chg.isForked(Chg.process(daemon, own, chg)));
                }
            } else {
                assertThat(statistics.forked()).isZero();
                assertThat(statistics.started()).isPositive();
            }
            daemon.stop();
            return report;
        }
    }

    private static Daemon start(Path directory, Map<String, String> environment) throws Exception {
        return Daemon.start(
                directory,
                all -> {
                    all.clear();
                    all.putAll(environment);
                },
                "--max-repo-cache",
                KEPT);
    }

    private static List<Path> stored() throws Exception {
        URI folder = Experiment.class.getResource("sequences").toURI();
        try (Stream<Path> all = Files.list(Path.of(folder))) {
            return all.sorted().toList();
        }
    }
}
