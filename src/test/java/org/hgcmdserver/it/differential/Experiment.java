package org.hgcmdserver.it.differential;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Searches for sequences of commands that the daemon answers differently from plain hg.
 *
 * <p>Plain hg's result for a sequence is the same each time, and slow to get. So plain hg runs each
 * sequence once, while the daemon runs the previous one; and the daemon runs each sequence several
 * times, each time with other pauses, connections and queries in between.
 */
public final class Experiment implements AutoCloseable {

    private static final int MIN_RUNS = 3;
    private static final int MAX_RUNS = 25;

    /** The number of runs in which an intermittent difference may come again. */
    private static final int MAX_CHANCES = 40;

    private final Path directory;
    private final Path home;
    private final String configuration;
    private final Map<String, String> environment;
    private final Path address;
    private final Duration shrinking;
    private final boolean preforking;
    private final Bases bases;
    private final PlainSide plain;
    private final Statistics statistics = new Statistics();
    private final ExecutorService ahead = Executors.newSingleThreadExecutor();
    private int runs;

    /**
     * To be called before the daemon starts: writes the configuration of its user.
     *
     * @param home the home of the daemon's user
     * @param more configuration for the daemon's side only
     * @param environment of the daemon, its workers and plain hg
     * @param shrinking how long to try and shorten a sequence
     * @param preforking whether the daemon is expected to have workers forked ahead
     */
    public Experiment(
            Path directory,
            Path home,
            String more,
            Map<String, String> environment,
            Path address,
            Duration shrinking,
            boolean preforking)
            throws IOException {
        this.directory = directory;
        this.home = home;
        this.configuration = Bases.CONFIGURATION + more;
        this.environment = environment;
        this.address = address;
        this.shrinking = shrinking;
        this.preforking = preforking;
        bases = new Bases(directory, environment);
        plain = new PlainSide(directory, environment, bases);
        Files.writeString(home.resolve(".hgrc"), configuration);
    }

    public Statistics statistics() {
        return statistics;
    }

    /**
     * Runs sequences drawn from the seed for so long, until enough commands have succeeded, and chg
     * has run one if it is there.
     *
     * @param commands more than this number must have succeeded
     * @return a report of the first difference, which ends the search
     */
    public Optional<String> look(long seed, Duration length, int commands) throws Exception {
        long start = System.nanoTime();
        Random random = new Random(seed);
        Future<Trace> next = ahead.submit(drawing(random.nextLong()));
        while (System.nanoTime() - start < length.toNanos()
                || statistics.succeeded() <= commands
                || statistics.byChg() == 0 && PlainHg.isChgThere()) {
            Trace trace = result(next);
            statistics.countSequence();
            next = ahead.submit(drawing(random.nextLong()));
            Random schedules = new Random(random.nextLong());
            for (int i = 0; i < MIN_RUNS || i < MAX_RUNS && !next.isDone(); i++) {
                Sequence schedule = trace.sequence().rescheduled(schedules);
                Difference difference = serve(trace, schedule);
                if (difference != null && isPlainHgs(schedule, difference)) {
                    statistics.countOfPlainHg();
                } else if (difference != null) {
                    next.cancel(true);
                    return Optional.of(report("seed " + seed, schedule, difference));
                }
            }
        }
        next.cancel(true);
        return Optional.empty();
    }

    /**
     * Whether plain hg gives the daemon's answer too if it is asked the daemon's queries and no
     * others. The trace has more queries after a step, and some write caches that change later
     * answers: Mercurial 6.3.2 still knows a tag after a backout of its commit if it has been asked
     * for tags between the two.
     */
    private boolean isPlainHgs(Sequence schedule, Difference difference) throws IOException {
        return difference.isSeenBy(plain.trace(schedule));
    }

    private Callable<Trace> drawing(long seed) {
        return () -> plain.trace(Generator.sequence(seed).withSomeQueries(new Random(seed)));
    }

    private static Trace result(Future<Trace> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /**
     * Runs a sequence, given as text, several times.
     *
     * @return a report of the first difference, if there is one
     */
    public Optional<String> replay(String text, int times) throws IOException {
        Sequence sequence = Sequence.parse(text);
        Trace trace = plain.trace(sequence);
        statistics.countSequence();
        for (int i = 0; i < times; i++) {
            Difference difference = serve(trace, sequence);
            if (difference != null) {
                return Optional.of(report("replay " + (i + 1), sequence, difference));
            }
        }
        return Optional.empty();
    }

    /** Runs the sequence once, on a copy of its own. */
    private Difference serve(Trace trace, Sequence schedule) throws IOException {
        Path root = directory.resolve("run%06d/serve".formatted(++runs));
        bases.copy(schedule.revisions(), root);
        Side side = new Side(root, home, environment);
        statistics.countRun();
        try (Connections connections =
                new Connections(address, statistics.forked, statistics.started)) {
            return new ServedSide(side, connections, statistics, preforking).run(trace, schedule);
        } finally {
            side.delete();
            if (schedule.steps().stream().anyMatch(Step::changesUser)) {
                Files.writeString(home.resolve(".hgrc"), configuration);
                awaitForkedWorkers();
            }
        }
    }

    /**
     * Waits for forked workers: the daemon replaces a template whose configuration has changed,
     * sometimes with a delay.
     */
    private void awaitForkedWorkers() throws IOException {
        Connections connections = new Connections(address, statistics.forked, statistics.started);
        long start = System.nanoTime();
        while (preforking
                && !connections.servesForked()
                && System.nanoTime() - start < TimeUnit.SECONDS.toNanos(60)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    private String report(String origin, Sequence failing, Difference difference)
            throws IOException {
        System.out.println("a difference (" + origin + "), of this sequence:\n" + failing);
        System.out.println(difference);
        long end = System.nanoTime() + shrinking.toNanos();
        long measuring = System.nanoTime() + shrinking.toNanos() / 3;
        Difference[] last = {difference};
        int chances = 0;
        Trace trace = plain.trace(failing);
        boolean again = false;
        while (!again
                && (chances < MIN_RUNS
                        || chances < MAX_CHANCES && System.nanoTime() - measuring < 0)) {
            again = serve(trace, failing) != null;
            chances++;
        }
        if (!again) {
            return "%s: a difference that did not come again in %d more runs%n%s%n%s"
                    .formatted(origin, chances, difference, failing);
        }
        int tries = Math.min(MAX_CHANCES, 3 * chances);
        Shrinker shrinker =
                new Shrinker(
                        candidate -> {
                            Trace own = plain.trace(candidate);
                            for (int i = 0; i < tries; i++) {
                                Difference found = serve(own, candidate);
                                if (found != null) {
                                    last[0] = found;
                                    return true;
                                }
                            }
                            return false;
                        },
                        () -> System.nanoTime() - end > 0);
        Sequence shortest = shrinker.shrink(failing);
        return "%s: a difference, which comes in one of about %d runs%n%s%n%s"
                .formatted(origin, chances, last[0], shortest);
    }

    @Override
    public void close() throws Exception {
        ahead.shutdownNow();
        ahead.awaitTermination(1, TimeUnit.MINUTES);
    }
}
