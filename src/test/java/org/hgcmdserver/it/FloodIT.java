package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many clients at once, and clients that send arbitrary bytes. A client that was there before keeps
 * getting its answers, and the daemon is unchanged when the others have gone.
 */
@RunsAlone
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class FloodIT {

    /** Forked workers start some ten times as fast as spawned ones. */
    private static final int CROWD =
            Integer.getInteger("hgcmdserver.crowd", 800) / (Daemon.PREFORK ? 1 : 10);

    private static final int SILENT = CROWD / 4;
    private static final int HALF = 200;
    private static final int CLOSERS = 20_000;
    private static final int QUIET_SESSIONS = 30;
    private static final int FLOOD_SESSIONS = 5;
    private static final int INPUTS = Integer.getInteger("hgcmdserver.inputs", 200);

    /**
     * The protocol's command and a length. A case with an unknown hg command would take too long.
     */
    private static final int FRAME = "runcommand\n".length() + 4;

    private static final double SLOWEST = 5;

    /** Less than a thread or a buffer for each waiting client. */
    private static final int MAX_GROWTH = 8 << 10; // KiB

    private static final int THREADS = 4;
    private static final int MAX_REQUEST = 64 << 20;
    private static final int MAX_WORKERS = 64;

    @TempDir Path directory;
    private Repository repository;
    private Daemon daemon;
    private GoodClient good;

    @BeforeEach
    void start() throws Exception {
        repository = Repository.create(directory, "repository");
        repository.commit("big", "x".repeat(1 << 20), "the one");
        // with the launcher's own options for the JVM, since times are compared
        daemon =
                Daemon.start(
                        directory,
                        env -> env.put("HG_CMDSERVER_JAVA_OPTIONS", ""),
                        "--max-workers-per-user=infinity", // also with the packages' configuration
                        "--allow-user",
                        System.getProperty("user.name") + "," + OtherUser.NAME);
        good = new GoodClient(daemon, repository, "the one");
    }

    @AfterEach
    void stop() throws Exception {
        try {
            awaitQuiet();
            good.close();
            daemon.awaitNoConnection();
            daemon.awaitNoZombies();
            assertThat(daemon.log()).doesNotContain("Traceback");
            daemon.stop();
        } finally {
            good.stopServer();
            daemon.close();
        }
    }

    /** Allows the time to spawn a worker for each of many clients on a busy machine. */
    static ConditionFactory await() {
        return Processes.await().atMost(Duration.ofMinutes(5));
    }

    @Test
    void manyConnectAtOnce() throws Exception {
        during(
                CROWD + " connect at once",
                enough -> {
                    List<RawClient> crowd = connect(CROWD);
                    AtomicInteger next = new AtomicInteger();
                    inThreads(
                            () -> {
                                for (int i; (i = next.getAndIncrement()) < CROWD; ) {
                                    assertThat(crowd.get(i).readFrame()).contains("capabilities");
                                    crowd.get(i).close();
                                }
                            });
                });
    }

    @Test
    @RunsOnce
    void manyOfAnotherUserConnectAndGo() throws Exception {
        OtherUser.letInto(directory);
        Files.setPosixFilePermissions(
                daemon.address(), PosixFilePermissions.fromString("rwxrwxrwx"));
        double slowdown;
        int attempts = 0;
        do {
            awaitQuiet();
            double quiet = median(newSessions(QUIET_SESSIONS, null));
            List<Long> sessions = newSessions(FLOOD_SESSIONS, closers());
            slowdown = median(sessions) / quiet;
            System.out.printf(
                    "%d of another user connect and go: %d sessions, median %.1f ms, %.1f times the quiet one%n",
                    CLOSERS, sessions.size(), median(sessions) / 1e6, slowdown);
        } while (slowdown > SLOWEST && ++attempts < 3);
        assertThat(slowdown).as("a new session's time, in quiet ones").isLessThan(SLOWEST);
    }

    /** The times of sessions with one command each, in nanoseconds. */
    private List<Long> newSessions(int atLeast, Process flood) throws Exception {
        List<Long> times = new ArrayList<>();
        while (times.size() < atLeast || flood != null && flood.isAlive()) {
            long before = System.nanoTime();
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            times.add(System.nanoTime() - before);
        }
        assertThat(flood == null || flood.waitFor() == 0).as("the flood came to its end").isTrue();
        return times;
    }

    private static double median(List<Long> times) {
        return times.stream().sorted().toList().get(times.size() / 2);
    }

    /** A process of another user, whose connections end at once. */
    private Process closers() throws Exception {
        String connect =
                """
                import socket, sys
                for _ in range(int(sys.argv[2])):
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(sys.argv[1])
                """;
        return OtherUser.start(
                "/usr/bin/python3", "-c", connect, daemon.address().toString(), "" + CLOSERS);
    }

    @Test
    @RunsOnce
    void manyAskAndNeverRead() throws Exception {
        during(
                SILENT + " never read",
                enough -> {
                    List<RawClient> silent = connect(SILENT);
                    for (RawClient client : silent) {
                        client.runCommand("cat --cwd " + repository + " big");
                    }
                    await().until(() -> daemon.busyWorkers().size() == MAX_WORKERS);
                    assertThat(Processes.sockets(daemon.pid()))
                            .as("sockets of the daemon: most waiting clients are in the queue")
                            .hasSizeLessThan(3 * MAX_WORKERS + Math.min(descriptors() / 8, 1024));
                    enough.run();
                    int resident = Processes.residentKiB(daemon.pid());
                    silent.addAll(connect(SILENT));
                    enough.run();
                    assertThat(Processes.residentKiB(daemon.pid()) - resident)
                            .as("the daemon's memory for the waiting clients, in KiB")
                            .isLessThan(MAX_GROWTH);
                    for (RawClient client : silent) {
                        client.close();
                    }
                });
    }

    @Test
    @RunsOnce
    void manySendHalfARequest() throws Exception {
        byte[] request = RawClient.request("bookmark -R " + repository + " created");
        during(
                HALF + " send half a request",
                enough -> {
                    List<RawClient> half = connect(HALF);
                    for (int i = 0; i < HALF; i++) {
                        half.get(i).send(Arrays.copyOf(request, 1 + i % (request.length - 1)));
                    }
                    await().until(() -> daemon.busyWorkers().size() == MAX_WORKERS);
                    enough.run();
                    for (RawClient client : half) {
                        client.close();
                    }
                    awaitQuiet();
                });
        assertThat(repository.hg("bookmarks").out()).contains("no bookmarks set");
    }

    @Test
    @RunsOnce
    void asMuchAsARequestMayHave() throws Exception {
        during(
                "64 MiB of arguments",
                enough -> {
                    try (RawClient client = new RawClient(daemon.address())) {
                        client.readFrame();
                        client.runCommandOfLength(MAX_REQUEST);
                        assertThat(client.awaitResult()).isZero();
                        client.shutdownOutput();
                        client.readToEnd();
                    }
                });
    }

    @Test
    void moreThanARequestMayHave() throws Exception {
        during(
                "4 GiB announced",
                enough -> {
                    for (int length : new int[] {MAX_REQUEST + 1, Integer.MAX_VALUE, -1}) {
                        try (RawClient client = new RawClient(daemon.address())) {
                            client.readFrame();
                            client.send("runcommand\n");
                            client.send(ByteBuffer.allocate(4).putInt(length).array());
                            assertThat(client.readFrame())
                                    .startsWith("e")
                                    .contains(Integer.toUnsignedString(length))
                                    .contains("over the limit");
                        }
                    }
                    enough.run();
                });
    }

    /** Random bytes, and requests with random bytes in their frame; the same in each run. */
    @Test
    @RunsOnce
    void anyBytes() throws Exception {
        during(
                INPUTS + " random inputs",
                enough -> {
                    AtomicInteger next = new AtomicInteger();
                    inThreads(
                            () -> {
                                for (int i; (i = next.getAndIncrement()) < INPUTS; ) {
                                    RawClient.answer(daemon, input(i));
                                }
                            });
                });
    }

    /**
     * The answers must be right in each attempt. The time must be within bounds in one of three
     * attempts, since the machine may be busy: {@link #SLOWEST} times the quiet one, or, on a
     * machine that the load alone slows down more, twice as much as Mercurial's own server.
     */
    private void during(String name, GoodClient.Trouble trouble) throws Exception {
        GoodClient.Slowdown slowdown;
        int attempts = 0;
        do {
            awaitQuiet(); // the comparison needs a quiet daemon
            slowdown = good.during(name, trouble);
        } while (slowdown.daemon() > bound(slowdown) && ++attempts < 3);
        assertThat(slowdown.daemon())
                .as("median time, as a multiple of the quiet one; %s", slowdown)
                .isLessThan(bound(slowdown));
    }

    private static double bound(GoodClient.Slowdown slowdown) {
        return Math.max(SLOWEST, 2 * slowdown.mercurial());
    }

    /**
     * Waits until the good client is alone. The daemon still serves clients that have left, in
     * their order, so a last client may wait until workers have been spawned for all of them.
     */
    private void awaitQuiet() throws Exception {
        try (RawClient last = new RawClient(daemon.address())) {
            assertThat(last.readFrame()).contains("capabilities");
        }
        await().until(() -> daemon.busyWorkers().size() == 1);
    }

    /** How many descriptors the daemon may have. */
    private int descriptors() throws Exception {
        String limits = Files.readString(Path.of("/proc/" + daemon.pid() + "/limits"));
        return Integer.parseInt(limits.replaceFirst("(?s).*Max open files +(\\d+) .*", "$1"));
    }

    /** Bytes that a client may send; the same for the same number. */
    static byte[] input(int number) {
        Random random = new Random(number);
        byte[] bytes = new byte[random.nextInt(200)];
        random.nextBytes(bytes);
        if (random.nextBoolean()) {
            return bytes;
        }
        byte[] request = RawClient.request("version -q");
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            request[random.nextInt(FRAME)] = (byte) random.nextInt();
        }
        byte[] both = Arrays.copyOf(request, request.length + bytes.length);
        System.arraycopy(bytes, 0, both, request.length, bytes.length);
        return both;
    }

    private List<RawClient> connect(int count) throws Exception {
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            clients.add(new RawClient(daemon.address()));
        }
        return clients;
    }

    private static void inThreads(ThrowingCallable work) throws Exception {
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(
                    CompletableFuture.runAsync(
                            () -> {
                                try {
                                    work.call();
                                } catch (Throwable e) {
                                    throw new AssertionError(e);
                                }
                            },
                            Processes.THREADS));
        }
        for (CompletableFuture<Void> thread : threads) {
            thread.get();
        }
    }
}
