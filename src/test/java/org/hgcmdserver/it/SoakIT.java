package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Faults, one after the other in random order, under steady load and with a service manager that
 * reads no messages. At the end the test counts: the daemon has served each client, each answer was
 * right, and nothing is left. Each fault happens once; after that faults go on until the whole test
 * has taken {@code -Dhgcmdserver.soak=SECONDS}.
 */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class SoakIT {

    private static final Duration LENGTH = Duration.ofSeconds(Loops.length("soak", 15));

    private static final int CLIENTS = 3;

    /** Forked workers start some ten times as fast as spawned ones. */
    private static final int BURST = Daemon.PREFORK ? 40 : 8;

    private static final boolean ROOT = System.getProperty("user.name").equals("root");
    private static final int MAX_REQUEST = 64 << 20;

    /**
     * The number of faults for one client per fault for all: the daemon does not replace a template
     * at once if an earlier one was killed, and the test then tries spawned workers only.
     */
    private static final int OFTEN = 4;

    /**
     * The daemon starts a template up to five minutes late if several were killed soon after their
     * start.
     */
    private static final Duration UNTIL_THE_NEXT_TEMPLATE = Duration.ofMinutes(6);

    /** The JVM's own growth during the test; a leak per connection would be far larger. */
    private static final int MAX_GROWTH = 32 << 10; // KiB

    /** One fault. */
    private interface Fault {
        void happen() throws Exception;
    }

    @TempDir Path directory;
    private final Random random = new Random(20161126);
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger right = new AtomicInteger();
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final List<String> lost = Collections.synchronizedList(new ArrayList<>());
    private final AtomicBoolean over = new AtomicBoolean();
    private final ReadWriteLock connecting = new ReentrantReadWriteLock(true);
    private Repository repository;
    private Daemon daemon;
    private int faults;

    @Test
    void everyClientIsServedWhateverGoesWrong() throws Exception {
        repository = Repository.create(directory, "repository");
        repository.commit("big", "x".repeat(1 << 20), "the one");
        try (Daemon started =
                Daemon.start(
                        directory,
                        env -> {
                            env.put("NOTIFY_SOCKET", directory.resolve("gone").toString());
                            env.put("WATCHDOG_USEC", "30000");
                        },
                        "--max-workers-per-user=infinity")) {
            daemon = started;
            List<CompletableFuture<Void>> load = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                load.add(CompletableFuture.runAsync(this::ask, Processes.THREADS));
            }
            long start = System.nanoTime();
            List<Fault> once = new ArrayList<>(faultsOfOneClient());
            once.addAll(faultsOfAll());
            once.add(() -> ReloadIT.reload(daemon));
            once.add(this::sendAsMuchAsARequestMayHave);
            Collections.shuffle(once, random);
            for (Fault fault : once) {
                fault.happen();
                faults++;
            }
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
            System.out.printf("each of %d faults once in %d s%n", once.size(), seconds);
            List<Fault> withReload = new ArrayList<>(faults());
            withReload.add(() -> ReloadIT.reload(daemon));
            letHappen(withReload, start + LENGTH.toNanos() / 2);
            ReloadIT.reload(daemon);
            // the same process image from here on, so that its memory shows leaks
            letHappen(faults(), start + LENGTH.toNanos() * 6 / 10);
            int before = Processes.residentKiB(daemon.pid());
            letHappen(faults(), start + LENGTH.toNanos());
            int after = Processes.residentKiB(daemon.pid());
            over.set(true);
            for (CompletableFuture<Void> client : load) {
                client.get(Processes.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
            DescriptorsIT.awaitTable(daemon, 0, 1, UNTIL_THE_NEXT_TEMPLATE);
            daemon.awaitNoZombies();
            int descriptors = Processes.descriptors(daemon.pid()).size();
            daemon.stop();
            List<String> orphans = orphans();
            System.out.printf(
                    "%d connections beside %d faults: %d answers right, %d wrong, %d clients lost;"
                            + " %d orphans, %d descriptors; daemon %d KiB resident, then %d KiB%n",
                    connections.get(),
                    faults,
                    right.get(),
                    wrong.size(),
                    lost.size(),
                    orphans.size(),
                    descriptors,
                    before,
                    after);
            assertThat(wrong).as("wrong answers").isEmpty();
            assertThat(lost).as("lost clients; log: %s", tail(daemon.log())).isEmpty();
            assertThat(orphans).as("orphans").isEmpty();
            assertThat(after - before).as("growth in KiB").isLessThan(MAX_GROWTH);
        }
    }

    private void letHappen(List<Fault> faults, long until) throws Exception {
        do {
            faults.get(random.nextInt(faults.size())).happen();
            this.faults++;
        } while (System.nanoTime() - until < 0);
    }

    private List<Fault> faults() {
        List<Fault> faults = new ArrayList<>(faultsOfAll());
        for (int i = 0; i < OFTEN; i++) {
            faults.addAll(faultsOfOneClient());
        }
        return faults;
    }

    private List<Fault> faultsOfOneClient() {
        return List.of(
                this::killABusyWorker,
                this::sendAnything,
                this::sendHalfARequest,
                this::connectManyTimes,
                this::leaveWithoutReading);
    }

    private List<Fault> faultsOfAll() {
        List<Fault> faults = new ArrayList<>();
        faults.add(this::neverRead);
        faults.add(this::announceTooMuch);
        faults.add(this::lackDescriptors);
        if (!ROOT) { // no limit applies to root's processes
            faults.add(this::lackProcesses);
        }
        if (Daemon.PREFORK) {
            faults.add(() -> killIfThere(Prefork.template(daemon)));
            faults.add(this::killIdleWorkers);
            faults.add(
                    () -> {
                        killIfThere(Prefork.template(daemon));
                        killIdleWorkers();
                    });
        }
        return faults;
    }

    // the load

    private void ask() {
        while (!over.get()) {
            connecting.readLock().lock();
            try (Session session = Session.to(daemon)) {
                connections.incrementAndGet();
                for (int i = 0; i < 3; i++) {
                    Session.Answer said =
                            session.run("log", "-R", repository.toString(), "-l1", "-T", "{desc}");
                    if (said.equals(new Session.Answer(0, "the one", ""))) {
                        right.incrementAndGet();
                    } else {
                        wrong.add(said.toString());
                    }
                }
            } catch (IOException e) {
                lost.add(e.toString());
            } finally {
                connecting.readLock().unlock();
            }
        }
    }

    // the faults

    private void killABusyWorker() throws Exception {
        try (RawClient victim = new RawClient(daemon.address())) {
            String hello = victim.readFrame();
            killIfThere(Long.parseLong(hello.replaceFirst("(?s).*pid: (\\d+).*", "$1")));
            assertThat(victim.readToEnd()).isEmpty();
        }
    }

    private void killIdleWorkers() throws Exception {
        connecting.writeLock().lock(); // else the daemon might be giving one of them a connection
        try {
            List<Long> idle = Prefork.idleWorkers(daemon);
            List<String> templates = idle.stream().map(Prefork::command).toList();
            for (int i = 0; i < idle.size(); i++) {
                // a single one may be proving its template, which would then do without a part
                if (Collections.frequency(templates, templates.get(i)) > 1) {
                    long pid = idle.get(i);
                    killIfThere(pid);
                    await().until(() -> !daemon.isParentOf(pid));
                }
            }
        } finally {
            connecting.writeLock().unlock();
        }
    }

    private void sendAnything() throws Exception {
        byte[] bytes = new byte[random.nextInt(2000)];
        random.nextBytes(bytes);
        try (RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.send(bytes);
            client.shutdownOutput();
            client.readToEnd();
        } catch (IOException e) { // the worker has exited and left bytes unread
            assertThat(e.getMessage()).containsAnyOf("Broken pipe", "reset");
        }
    }

    private void sendHalfARequest() throws Exception {
        byte[] request = RawClient.request("bookmark -R " + repository + " created");
        try (RawClient client = new RawClient(daemon.address())) {
            client.send(Arrays.copyOf(request, random.nextInt(request.length)));
            client.shutdownOutput();
            client.readToEnd();
        }
        assertThat(repository.path().resolve(".hg/bookmarks")).doesNotExist();
    }

    private void connectManyTimes() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < BURST; i++) {
            clients.add(new RawClient(daemon.address()));
        }
        for (RawClient client : clients) {
            assertThat(client.readFrame()).contains("capabilities");
            client.close();
        }
    }

    private void leaveWithoutReading() throws Exception {
        for (int i = 0; i < BURST; i++) {
            try (RawClient client = new RawClient(daemon.address())) {
                client.runCommand("log -R " + repository);
            }
        }
    }

    private void neverRead() throws Exception {
        List<RawClient> silent = new ArrayList<>();
        for (int i = 0; i < BURST; i++) {
            silent.add(new RawClient(daemon.address()));
            silent.get(i).runCommand("cat --cwd " + repository + " big");
        }
        await().until(() -> daemon.busyWorkers().size() >= BURST);
        for (RawClient client : silent) {
            client.close();
        }
    }

    private void announceTooMuch() throws Exception {
        try (RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.send("runcommand\n\377\377\377\377");
            assertThat(client.readFrame()).startsWith("e").contains("over the limit");
        }
    }

    private void sendAsMuchAsARequestMayHave() throws Exception {
        try (RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.runCommandOfLength(MAX_REQUEST);
            assertThat(client.awaitResult()).isZero();
        }
    }

    private void lackDescriptors() throws Exception {
        lack("accept connections", "nofile", "10", "1024", List.of(daemon.pid()));
    }

    private void lackProcesses() throws Exception {
        List<Long> forking = new ArrayList<>(List.of(daemon.pid()));
        if (Daemon.PREFORK && daemon.isParentOf(Prefork.template(daemon))) {
            forking.add(Prefork.template(daemon));
        }
        lack("start worker processes", "nproc", "1", "1000", forking);
    }

    /** The load runs into the shortage. */
    private void lack(String what, String resource, String few, String many, List<Long> processes)
            throws Exception {
        String line = "cannot " + what + " for now";
        int before = daemon.log().split(line, -1).length;
        for (long pid : processes) {
            limit(pid, resource, few);
        }
        await().until(() -> daemon.log().split(line, -1).length > before);
        for (long pid : processes) {
            limit(pid, resource, many);
        }
        String end = "can " + what + " again";
        await().until(() -> daemon.log().split(end, -1).length > before);
    }

    private void limit(long pid, String resource, String value) throws Exception {
        String limit = "--" + resource + "=" + value + ":";
        Processes.run(directory, "prlimit", "--pid", "" + pid, limit).succeeded();
    }

    /** Checks first, since the process may have gone, and another may have its pid. */
    private void killIfThere(long pid) throws Exception {
        if (daemon.isParentOf(pid)) {
            Processes.run(directory, "kill", "-s", "KILL", String.valueOf(pid));
        }
    }

    // the count

    /** Processes with the daemon's environment, which names this test's directory. */
    private List<String> orphans() {
        return Processes.withVariable("TMPDIR=" + directory).stream()
                .map(pid -> pid + " " + Prefork.command(pid))
                .toList();
    }

    private static String tail(String log) {
        return log.substring(Math.max(0, log.length() - 20_000));
    }
}
