package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands that make, read and amend changesets in quick succession, each over a connection of its
 * own, while other clients ask too: the data that a worker takes from a repository kept loaded in
 * the template must be true at each moment, also just before and after the template has reloaded
 * it.
 *
 * <p>{@code -Dhgcmdserver.quickamend=ROUNDS} sets the number of rounds.
 */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class PreforkQuickAmendIT {

    private static final int ROUNDS = Integer.getInteger("hgcmdserver.quickamend", 40);

    /** Large enough for the template to keep the repository loaded. */
    private static final int REVISIONS = 1500;

    private static final int LOGS = 3;

    /** Other clients take part in one of this many rounds. */
    private static final int FEW = 4;

    private static final int OTHERS = 2;

    private static final String LINE = "{rev} {node} {phase} {desc}";

    /** The changesets of one round: the committed one, and its amended successor. */
    private record Round(String committed, String amended) {}

    @TempDir Path directory;
    private final List<String> wrong = new ArrayList<>();
    private final Map<Integer, Round> right = new LinkedHashMap<>();
    private Repository repository;
    private Daemon daemon;
    private int next = REVISIONS + 1;

    @BeforeEach
    void start() throws Exception {
        repository = Repository.create(directory, "repository");
        repository.hg("debugbuilddag", "--config", "ui.username=t", "+" + REVISIONS).succeeded();
        repository.hg("update", "-q", "tip").succeeded();
        repository.commit("file", "first", "first");
        daemon = new KeptRepositories(Files.createDirectory(directory.resolve("kept"))).start();
    }

    @AfterEach
    void stop() throws Exception {
        try (Daemon running = daemon) {
            running.stop();
        }
    }

    @Test
    void noAnswerIsWrong() throws Exception {
        Map<Integer, Integer> shares = new LinkedHashMap<>(); // rounds for each pause, in ms
        shares.put(50, ROUNDS * 15 / 100);
        shares.put(10, ROUNDS * 40 / 100);
        shares.put(0, ROUNDS - shares.get(50) - shares.get(10));
        int round = 0;
        for (Map.Entry<Integer, Integer> share : shares.entrySet()) {
            long start = System.nanoTime();
            int before = wrong.size();
            for (int i = 0; i < share.getValue(); i++) {
                letRoundHappen(round++, share.getKey());
            }
            System.out.printf(
                    "quick amends: %d rounds with pauses of %d ms in %d s, %d wrong%n",
                    share.getValue(),
                    share.getKey(),
                    TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start),
                    wrong.size() - before);
        }
        assertThat(wrong).as("wrong rounds of %d", round).isEmpty();
        assertThat(right).hasSize(round);
        assertThatResultsAreKept();
        assertThat(plainRounds()).isEqualTo(right);
        repository.hg("verify", "-q").succeeded();
    }

    /** Otherwise the rounds would not test kept repositories. */
    private void assertThatResultsAreKept() throws Exception {
        Processes.await()
                .until(
                        () -> {
                            KeptRepositories.use(daemon, repository);
                            return KeptRepositories.preloaded(daemon, repository).equals("yes ");
                        });
        assertThat(daemon.log()).doesNotContain(" warn ");
    }

    private void letRoundHappen(int round, int pause) throws Exception {
        int revision = next;
        try {
            String first = "round " + round;
            change(first);
            beside(round, () -> run(pause, "commit", "-m", first));
            String committed = node(revision, first, pause);
            for (int i = 1; i < LOGS; i++) {
                assertThat(node(revision, first, pause)).as("again").isEqualTo(committed);
            }
            String then = "amended " + round;
            change(then);
            beside(round, () -> run(pause, "commit", "--amend", "-m", then));
            right.put(revision, new Round(committed, node(revision, then, pause)));
            next = revision + 1;
        } catch (AssertionError | IOException e) {
            wrong.add("round " + round + ", pauses of " + pause + " ms: " + e.getMessage());
            // the next round starts from the real state
            repository.hg("update", "-q", "-C", "tip").succeeded();
            next = Integer.parseInt(repository.hg("log", "-l1", "-T", "{rev}").out()) + 1;
        }
    }

    /** Changes the repository; in some rounds other clients ask for the log meanwhile. */
    private void beside(int round, Callable<String> change) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        List<CompletableFuture<Void>> others = new ArrayList<>();
        for (int i = 0; round % FEW == 0 && i < OTHERS; i++) {
            others.add(CompletableFuture.runAsync(() -> askUntil(over), Processes.THREADS));
        }
        try {
            change.call();
        } finally {
            over.set(true);
            for (CompletableFuture<Void> other : others) {
                other.get(Processes.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
        }
    }

    /**
     * Asks for the log. An answer may be from the moment between two files of a transaction, as
     * with plain hg. The command only reads: one that asks for tags would write a cache, and take
     * the lock.
     */
    private void askUntil(AtomicBoolean over) {
        while (!over.get()) {
            try (Session hg = Session.to(daemon)) {
                hg.run("log", "-R", repository.toString(), "-l1", "-T", LINE);
            } catch (IOException e) {
                // also between two files
            }
        }
    }

    private void change(String content) throws Exception {
        Files.writeString(repository.path().resolve("file"), content);
    }

    /** The last changeset's node; the changeset must have this number and this description. */
    private String node(int revision, String description, int pause) throws Exception {
        String[] answer = run(pause, "log", "-l1", "-T", LINE).split(" ", 4);
        assertThat(answer).hasSize(4);
        assertThat(List.of(answer[0], answer[2], answer[3]))
                .containsExactly("" + revision, "draft", description);
        return answer[1];
    }

    /**
     * Runs a command over a connection of its own, on a worker that was forked ahead; then pauses.
     */
    private String run(int pause, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("-R", repository.toString()));
        command.addAll(List.of(arguments));
        Session.Answer answer;
        try (Session hg = Session.to(daemon)) {
            assertThat(Prefork.command(hg.pid())).contains(Prefork.FORKED);
            answer = hg.run(command.toArray(String[]::new));
        }
        assertThat(answer.status()).as("%s: %s", arguments[0], answer).isZero();
        assertThat(answer.err()).as("%s", arguments[0]).isEmpty();
        Thread.sleep(pause); // the rounds differ in this pause, which waits for no event
        return answer.out();
    }

    /** The rounds as plain hg shows them: an amended changeset names the one that it replaces. */
    private Map<Integer, Round> plainRounds() throws Exception {
        String line = "{rev} {node} {phase} {desc} {extras % '{key}={value} '}\n";
        String[] log = {"log", "-r", REVISIONS + 1 + ":", "-T", line};
        Map<Integer, Round> rounds = new LinkedHashMap<>();
        for (String each : repository.hg(log).succeeded().out().split("\n")) {
            Matcher changeset =
                    Pattern.compile(
                                    "(\\d+) (\\w{40}) draft amended \\d+ "
                                            + "amend_source=(\\w{40}) branch=default ")
                            .matcher(each);
            assertThat(changeset.matches()).as(each).isTrue();
            rounds.put(
                    Integer.parseInt(changeset.group(1)),
                    new Round(changeset.group(3), changeset.group(2)));
        }
        return rounds;
    }
}
