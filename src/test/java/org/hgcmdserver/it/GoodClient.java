package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A client that connects before the others, and sends one request after another all the time. Each
 * answer must be right; the result is the ratio of an answer's time beside the others to its time
 * alone.
 */
final class GoodClient implements AutoCloseable {

    private static final int COMMANDS = 200;
    private static final double NANOS_PER_MILLI = 1e6;

    private final Session session;
    private final String[] command;
    private final String answer;

    /**
     * @param repository the last commit of which has the description {@code answer}
     */
    GoodClient(Daemon daemon, Repository repository, String answer) throws Exception {
        session = Session.to(daemon);
        command = new String[] {"log", "-R", repository.toString(), "-l1", "-T", "{desc}"};
        this.answer = answer;
        quietMedian(); // warms up Python
    }

    private double quietMedian() throws Exception {
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < COMMANDS; i++) {
            times.add(ask());
        }
        return median(times);
    }

    /** The load from the other clients. */
    interface Trouble {

        /**
         * @param enough returns when the good client has asked often enough under the present load
         */
        void make(Runnable enough) throws Exception;
    }

    /**
     * Asks before the trouble and during it. Returns the median time during it, as a multiple of
     * the quiet one.
     */
    double during(String name, Trouble trouble) throws Exception {
        double quiet = quietMedian();
        List<Long> times = Collections.synchronizedList(new ArrayList<>());
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> asking =
                CompletableFuture.runAsync(() -> askUntil(over, times), Processes.THREADS);
        try {
            trouble.make(() -> awaitMore(times, asking));
        } finally {
            over.set(true);
        }
        asking.get();
        double ratio = median(times) / quiet;
        System.out.printf(
                "%s: %d answers, each right; median %.1f ms, %.1f times the quiet %.1f ms%n",
                name,
                times.size(),
                median(times) / NANOS_PER_MILLI,
                ratio,
                quiet / NANOS_PER_MILLI);
        return ratio;
    }

    private static void awaitMore(List<Long> times, CompletableFuture<Void> asking) {
        int wanted = times.size() + COMMANDS;
        FloodIT.await().until(() -> asking.isDone() || times.size() >= wanted);
    }

    private void askUntil(AtomicBoolean over, List<Long> times) {
        try {
            do {
                times.add(ask());
            } while (!over.get());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private long ask() throws Exception {
        long start = System.nanoTime();
        Session.Answer said = session.run(command);
        long time = System.nanoTime() - start;
        assertThat(said).isEqualTo(new Session.Answer(0, answer, ""));
        return time;
    }

    private static double median(List<Long> times) {
        List<Long> sorted = new ArrayList<>(times);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    @Override
    public void close() throws Exception {
        session.close();
    }
}
