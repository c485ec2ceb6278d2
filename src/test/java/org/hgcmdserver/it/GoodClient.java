package org.hgcmdserver.it;

import static java.util.Collections.synchronizedList;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A client that connects before the others, and sends one request after another all the time. Each
 * answer must be right; the result is the ratio of an answer's time beside the others to its time
 * alone. The client asks Mercurial's own server in turn, which the others do not know: that server
 * is slowed down by the load of the machine alone.
 */
final class GoodClient implements AutoCloseable {

    private static final int COMMANDS = 200;
    private static final double NANOS_PER_MILLI = 1e6;

    /** The times of the answers in nanoseconds, in their order. */
    private record Times(List<Long> daemon, List<Long> mercurial) {

        Times() {
            this(synchronizedList(new ArrayList<>()), synchronizedList(new ArrayList<>()));
        }
    }

    /**
     * Medians beside the other clients, as multiples of the quiet ones.
     *
     * @param mercurial that of Mercurial's own server, without other clients of its own
     */
    record Slowdown(double daemon, double mercurial) {}

    private final Session session;
    private final OwnServer server;
    private final Session mercurial;
    private final String[] command;
    private final String answer;

    /**
     * @param repository the last commit of which has the description {@code answer}
     */
    GoodClient(Daemon daemon, Repository repository, String answer) throws Exception {
        session = Session.to(daemon);
        Path address = repository.path().resolveSibling("mercurial.sock");
        server = OwnServer.start(address, Map.of());
        mercurial = server.connect();
        command = new String[] {"log", "-R", repository.toString(), "-l1", "-T", "{desc}"};
        this.answer = answer;
        askOften(); // warms up Python
    }

    private Times askOften() throws Exception {
        Times quiet = new Times();
        for (int i = 0; i < COMMANDS; i++) {
            ask(quiet);
        }
        return quiet;
    }

    /** The load from the other clients. */
    interface Trouble {

        /**
         * @param enough returns when the good client has asked often enough under the present load
         */
        void make(Runnable enough) throws Exception;
    }

    /** Asks before the trouble and during it. */
    Slowdown during(String name, Trouble trouble) throws Exception {
        Times quiet = askOften();
        Times times = new Times();
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> asking =
                CompletableFuture.runAsync(() -> askUntil(over, times), Processes.THREADS);
        try {
            trouble.make(() -> awaitMore(times, asking));
        } finally {
            over.set(true);
        }
        asking.get();
        Slowdown slowdown =
                new Slowdown(
                        median(times.daemon) / median(quiet.daemon),
                        median(times.mercurial) / median(quiet.mercurial));
        System.out.printf(
                "%s: %d answers, each right; median %.1f ms, %.1f times the quiet one"
                        + " (a server of Mercurial's own beside that: %.1f times)%n",
                name,
                times.daemon.size(),
                median(times.daemon) / NANOS_PER_MILLI,
                slowdown.daemon,
                slowdown.mercurial);
        return slowdown;
    }

    private static void awaitMore(Times times, CompletableFuture<Void> asking) {
        int wanted = times.mercurial.size() + COMMANDS;
        FloodIT.await().until(() -> asking.isDone() || times.mercurial.size() >= wanted);
    }

    private void askUntil(AtomicBoolean over, Times times) {
        try {
            do {
                ask(times);
            } while (!over.get());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void ask(Times times) throws Exception {
        times.daemon.add(ask(session));
        times.mercurial.add(ask(mercurial));
    }

    private long ask(Session server) throws Exception {
        long start = System.nanoTime();
        Session.Answer said = server.run(command);
        long time = System.nanoTime() - start;
        assertThat(said).isEqualTo(new Session.Answer(0, answer, ""));
        return time;
    }

    private static double median(List<Long> times) {
        List<Long> sorted = new ArrayList<>(times);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    /** For the end of a test, passed or failed. */
    void stopServer() {
        server.stop();
    }

    @Override
    public void close() throws Exception {
        session.close();
        mercurial.close();
        stopServer();
        server.awaitEnd();
    }
}
