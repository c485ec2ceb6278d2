package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands of chg in more environments than there are templates, by several processes at a time,
 * while clients and templates are killed, chg is told to kill its server, and the daemon reloads.
 * Each answer is right, and nothing is left. {@code -Dhgcmdserver.chgs=N} is the number of
 * commands.
 */
@RunsOnce
@Timeout(value = 1, unit = TimeUnit.DAYS)
class ChgCrowdIT {

    private static final int COMMANDS = Loops.length("chgs", 200);
    private static final int AT_A_TIME = 16;
    private static final int ENVIRONMENTS = 12;

    /**
     * Commands between two of these faults: a template killed, a reload, a server killed by chg.
     */
    private static final int BETWEEN_FAULTS = 20;

    private static final String SERVING = "STARTING -> SERVING";

    private static final Pattern TEMPLATE =
            Pattern.compile("started template process \\(pid=(\\d+)\\)");

    @TempDir Path directory;
    private final Random random = new Random(2000);
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger killed = new AtomicInteger();
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final List<String> right = new ArrayList<>();
    private int templates;
    private int reloads;

    @Test
    void everyCommandIsRightWhateverHappensToOthers() throws Exception {
        LeftOut.unless(Chg.isThere(), "there is no " + Chg.PROGRAM);
        Repository repository = Repository.create(directory, "repository").commit("a", "a", "one");
        for (int zone = 0; zone < ENVIRONMENTS; zone++) {
            right.add(new String(start("hg", zone, "none").getInputStream().readAllBytes()));
        }
        assertThat(right).doesNotHaveDuplicates();
        try (Daemon daemon = Daemon.start(directory, "--max-templates", "4")) {
            for (int zone = 0; zone < 2; zone++) { // else the first faults find no template for chg
                List<String> environment = List.of("TZ=UTC+" + zone);
                Processes.await()
                        .until(() -> Chg.isForked(Chg.process(daemon, directory, environment)));
            }
            List<CompletableFuture<Void>> crowd = new ArrayList<>();
            for (int i = 0; i < AT_A_TIME; i++) {
                crowd.add(CompletableFuture.runAsync(() -> run(daemon), Processes.THREADS));
            }
            for (int next = BETWEEN_FAULTS; next < COMMANDS; next += BETWEEN_FAULTS) {
                int reached = next;
                Processes.await().until(() -> begun.get() >= reached || !wrong.isEmpty());
                switch (next / BETWEEN_FAULTS % 6) {
                    case 0, 1, 4 -> killATemplate(daemon);
                    case 2 -> killServer(daemon);
                    default -> {
                        daemon.signal("HUP");
                        reloads++;
                    }
                }
            }
            for (CompletableFuture<Void> one : crowd) {
                one.get();
            }
            assertThat(wrong).isEmpty();
            assertThat(daemon.isAlive()).as("daemon alive; its log: %s", daemon.log()).isTrue();
            daemon.awaitNoConnection();
            Processes.await()
                    .until(
                            () ->
                                    Files.exists(daemon.address())
                                            && !Files.isSymbolicLink(daemon.address()));
            assertThat(daemon.log()).contains("again, which had been removed");
            assertThat(daemon.log()).doesNotContain("Traceback");
            assertThat(daemon.log()).contains("workers for chg are forked ahead");
            assertThat(killed.get()).as("killed clients").isPositive();
            assertThat(templates).as("killed templates").isPositive();
            System.out.printf(
                    "chg's crowd: %d commands, %d clients killed, %d templates killed of %d%n",
                    COMMANDS, killed.get(), templates, templates(daemon.log()).size());
            daemon.stop();
        }
        Processes.await().until(() -> Processes.withVariable("TMPDIR=" + directory).isEmpty());
        try (Stream<Path> left = Files.walk(directory)) {
            assertThat(left.map(directory::relativize).map(Path::toString))
                    .filteredOn(name -> !name.matches("|daemon.*|process.py|repository(/.*)?"))
                    .isEmpty();
        }
        assertThat(repository.hg("verify", "-q").succeeded().out()).isEmpty();
    }

    private void run(Daemon daemon) {
        try {
            for (int i = begun.incrementAndGet(); i <= COMMANDS; i = begun.incrementAndGet()) {
                int zone;
                int patience;
                synchronized (random) {
                    // two of three in the first environments, so that some pools stay in use
                    zone = random.nextInt(random.nextInt(3) == 0 ? ENVIRONMENTS : 3);
                    patience = random.nextInt(8) == 0 ? random.nextInt(150) : -1;
                }
                Process chg = start(Chg.PROGRAM.toString(), zone, daemon.address().toString());
                if (patience >= 0 && !chg.waitFor(patience, TimeUnit.MILLISECONDS)) {
                    chg.destroyForcibly().waitFor();
                    killed.incrementAndGet();
                    continue;
                }
                String out = new String(chg.getInputStream().readAllBytes());
                int status = chg.waitFor();
                if (status != 0 || !out.equals(right.get(zone))) {
                    wrong.add("in zone %d: %d %s".formatted(zone, status, out));
                }
            }
        } catch (Exception e) {
            wrong.add(e.toString());
        }
    }

    private Process start(String program, int zone, String socket) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(
                        program, "-R", "repository", "log", "-T", "{date|localdate|isodate}");
        builder.environment().put("TZ", "UTC+" + zone);
        builder.environment().put("CHGSOCKNAME", socket);
        return builder.directory(directory.toFile()).redirectErrorStream(true).start();
    }

    /** Has chg remove the socket; until the daemon has bound another one, chg starts servers. */
    private void killServer(Daemon daemon) throws Exception {
        String socket = "CHGSOCKNAME=" + daemon.address();
        String[] kill = {"env", socket, Chg.PROGRAM.toString(), "--kill-chg-daemon"};
        assertThat(Processes.run(directory, kill)).isEqualTo(new Processes.Result(0, "", ""));
    }

    /**
     * One of the present image, since nobody would remove the directory of one that is killed
     * during a reload.
     */
    private void killATemplate(Daemon daemon) throws Exception {
        Processes.await().until(() -> daemon.log().split(SERVING, -1).length == 2 + reloads);
        String log = daemon.log();
        for (long pid : templates(log.substring(log.lastIndexOf(SERVING)))) {
            if (Prefork.command(pid).contains("template for chg")) {
                Processes.signal(pid, "KILL");
                templates++;
                return;
            }
        }
    }

    private static List<Long> templates(String log) {
        List<Long> found = new ArrayList<>();
        Matcher line = TEMPLATE.matcher(log);
        while (line.find()) {
            found.add(Long.parseLong(line.group(1)));
        }
        return found;
    }
}
