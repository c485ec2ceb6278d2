package org.hgcmdserver.it;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;

/** SIGHUP: the program restarts in its own process, and no client notices. */
class ReloadIT {

    private static final String LISTENING = "listening at";
    private static final int SIGHUP = 1;

    /** The number of reloads; fewer where a test repeats what another one shows. */
    private static final int RELOADS = Loops.length("reloads", 5);

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "the one");
    }

    @Test
    @Timeout(600)
    void sixteenClientsNoticeNoReload() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            reload(daemon); // from here on the daemon is a reloaded one
            int descriptors = descriptorsAtRest(daemon);
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger answers = new AtomicInteger();
            Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
            List<Thread> clients = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                Thread client = new Thread(() -> ask(daemon, stop, answers, failures));
                client.start();
                clients.add(client);
            }
            for (int i = 0; i < RELOADS; i++) {
                int before = answers.get();
                reload(daemon);
                await().until(() -> answers.get() > before || !failures.isEmpty());
            }
            stop.set(true);
            for (Thread client : clients) {
                client.join();
            }
            assertThat(failures).isEmpty();
            System.out.printf("%d answers during %d reloads%n", answers.get(), RELOADS);
            daemon.awaitNoConnection();
            await().untilAsserted(
                            () -> assertThat(descriptors(daemon)).isLessThanOrEqualTo(descriptors));
            daemon.awaitNoZombies();
            if (Daemon.PREFORK) {
                // a template of the image before may still be ending
                await().untilAsserted(
                                () ->
                                        assertThat(Processes.children(daemon.pid()))
                                                .hasSizeLessThanOrEqualTo(9));
            } else { // the proof of the strict server may still be running
                await().until(() -> Processes.children(daemon.pid()).isEmpty());
            }
            await().untilAsserted(
                            () -> assertThat(temporaryFiles()).hasSize(Daemon.PREFORK ? 1 : 0));
            daemon.stop();
            assertThat(temporaryFiles()).isEmpty();
            assertThat(daemon.log()).doesNotContain("Traceback");
        }
    }

    private void ask(
            Daemon daemon, AtomicBoolean stop, AtomicInteger answers, Queue<Throwable> failures) {
        while (!stop.get()) {
            try (Session hg = Session.to(daemon)) {
                Session.Answer answer = hg.run("log", "-R", repository.toString(), "-T", "{desc}");
                assertThat(answer).isEqualTo(new Session.Answer(0, "the one", ""));
                answers.incrementAndGet();
            } catch (Throwable e) {
                failures.add(e);
                return;
            }
        }
    }

    /** Reloads, and returns when the new image listens. */
    static void reload(Daemon daemon) throws Exception {
        int before = count(daemon, LISTENING);
        daemon.signal("HUP");
        await().untilAsserted(
                        () ->
                                assertThat(count(daemon, LISTENING))
                                        .as(daemon.log())
                                        .isGreaterThan(before));
    }

    private static int count(Daemon daemon, String text) throws IOException {
        return daemon.log().split(text, -1).length - 1;
    }

    /**
     * The number of descriptors without the lines to the template and the idle workers, one for
     * each child: a busy time leaves more idle workers than the start.
     */
    private static int descriptors(Daemon daemon) throws Exception {
        return Processes.descriptors(daemon.pid()).size() - Processes.children(daemon.pid()).size();
    }

    /** The same after a start, once two counts in a row agree, and no other child is left. */
    private static int descriptorsAtRest(Daemon daemon) throws Exception {
        int[] last = {-1, -2};
        await().until(
                        () -> {
                            last[0] = last[1];
                            last[1] = descriptors(daemon);
                            int children = Processes.children(daemon.pid()).size();
                            // two workers and the template, not those of the image before
                            boolean warm =
                                    !Daemon.PREFORK || Prefork.idleWorkers(daemon).size() == 2;
                            return last[0] == last[1]
                                    && warm
                                    && children == (Daemon.PREFORK ? 3 : 0);
                        });
        return last[1];
    }

    private List<String> temporaryFiles() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(p -> p.getFileName().toString())
                    .filter(n -> n.startsWith("hg-cmdserver-") || n.startsWith("jffi"))
                    .toList();
        }
    }

    @Test
    void slowCommandGoesOnAndIsWaitedForByTheNextImage() throws Exception {
        Gate gate = new Gate(directory);
        Path notify = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = NotifyIT.manager(notify);
                Daemon daemon =
                        Daemon.start(
                                directory,
                                env -> env.putAll(NotifyIT.environment(notify)),
                                NotifyIT.POLL);
                Session slow = Session.to(daemon)) {
            CompletableFuture<Session.Answer> answer =
                    answerOf(slow, "root", "--config", gate.hook("root"), "--cwd", "repository");
            gate.awaitReached();
            reload(daemon);
            try (Session other = Session.to(daemon)) {
                assertThat(other.run("version", "-q").status()).isZero();
            }
            daemon.signal("TERM");
            daemon.awaitDrain();
            NotifyIT.awaitRounds(manager); // the daemon lives on for the worker
            assertThat(answer).isNotDone();
            gate.open();
            assertThat(answer.get(60, TimeUnit.SECONDS).out()).isEqualTo(repository + "\n");
            assertThat(daemon.isAlive()).isTrue();
            assertThat(Processes.children(daemon.pid())).contains((long) slow.pid());
            slow.close();
            assertThat(daemon.awaitExit()).isZero();
            assertThat(Processes.status(slow.pid(), "State")).as("waited for").isNull();
        }
    }

    @Test
    void promptIsAnsweredAfterwards() throws Exception {
        Files.writeString(repository.path().resolve("a"), "two\n");
        try (Daemon daemon = Daemon.start(directory);
                RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.runCommand(
                    "commit -i -m picked --config ui.interactive=yes --config ui.interface=text -R "
                            + repository);
            client.awaitPrompt();
            reload(daemon);
            client.send(new byte[] {0, 0, 0, 2, 'y', '\n'});
            client.awaitPrompt();
            client.send(new byte[] {0, 0, 0, 2, 'y', '\n'});
            assertThat(client.awaitResult()).isZero();
            client.close();
            daemon.stop();
        }
        assertThat(repository.hg("log", "-l1", "-T", "{desc}").out()).isEqualTo("picked");
    }

    @Test
    @RunsOnce
    void refusedInADrain() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
                daemon.signal("TERM");
                daemon.awaitDrain();
                daemon.signal("HUP");
                daemon.awaitLog("not reloading: the service is stopping");
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    @Test
    @RunsOnce
    void stopDuringTheCheckWins() throws Exception {
        Path dist = copyOfTheTree();
        try (Daemon daemon = launch(dist)) {
            Gate gate = new Gate(directory);
            holdTheLauncher(dist, "*\" --check\"*", gate);
            daemon.signal("HUP");
            gate.awaitReached();
            daemon.signal("TERM"); // the gate stays shut: the daemon does not wait for the check
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.log()).contains("not reloading: the service is stopping");
            assertThat(count(daemon, LISTENING)).isEqualTo(1);
            gate.open();
        }
    }

    /** Makes the launcher stop at the gate if its arguments match. */
    private static void holdTheLauncher(Path dist, String pattern, Gate gate) throws Exception {
        Path launcher = dist.resolve("bin/hg-cmdserver");
        Path aside = dist.resolve("bin/aside");
        if (!Files.exists(aside)) {
            Files.move(launcher, aside);
        }
        Files.deleteIfExists(launcher);
        Files.writeString(
                launcher,
                "#!/bin/sh\ncase \" $* \" in %s) %s ;; esac\nexec '%s' \"$@\"\n"
                        .formatted(pattern, gate.command(), aside));
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
    }

    /** Just after the exec, when the new JVM has one thread and has set up nothing. */
    @Test
    @RunsOnce
    @Timeout(600)
    void noSignalIsLostOrFatalInTheWindow() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            int reloads = signalAfterExec(daemon, "HUP");
            // of the start, of those reloads, and of the one that the last signal asked for
            await().until(() -> count(daemon, LISTENING) == 1 + reloads + 1);
            signalAfterExec(daemon, "TERM");
            assertThat(daemon.awaitExit()).isZero();
            daemon.awaitDrain();
        }
    }

    /**
     * Reloads until this thread sees an exec; it misses one if it gets no processor in those
     * milliseconds.
     *
     * @return the number of reloads
     */
    private static int signalAfterExec(Daemon daemon, String signal) throws Exception {
        Path threads = Path.of("/proc/" + daemon.pid() + "/task");
        long deadline = System.nanoTime() + 5 * Processes.PATIENCE.toNanos(); // for several reloads
        int listening = count(daemon, LISTENING);
        daemon.signal("HUP");
        int reloads = 1;
        for (int looks = 1; threads.toFile().list().length > 1; looks++) { // without a pause
            assertThat(System.nanoTime() - deadline).as("exec before the deadline").isNegative();
            // reading the log takes longer than a look
            if (looks % 100 == 0 && count(daemon, LISTENING) > listening) {
                listening++;
                daemon.signal("HUP");
                reloads++;
            }
        }
        daemon.signal(signal);
        return reloads;
    }

    /** Java's own formatting would write the locale's digits. */
    @Test
    @RunsOnce
    void inALocaleWithOtherDigits() throws Exception {
        try (Daemon daemon =
                        Daemon.start(
                                directory,
                                env ->
                                        env.put(
                                                "HG_CMDSERVER_JAVA_OPTIONS",
                                                "-Duser.language=fa -Duser.country=IR"));
                Session hg = Session.to(daemon)) {
            reload(daemon);
            assertThat(daemon.connections()).as("as many as were handed over").isEqualTo(1);
            assertThat(hg.run("version", "-q").status()).isZero();
            hg.close();
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void brokenConfigurationChangesNothing() throws Exception {
        Path config = directory.resolve("conf");
        Files.writeString(config, "max-workers = 10\n");
        try (Daemon daemon = Daemon.start(directory, "--config-file", config.toString())) {
            Files.writeString(config, "\nmax-workers = many\n");
            daemon.signal("HUP");
            daemon.awaitLog("not reloading, going on as before: hg-cmdserver: " + config + ":2: ");
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            assertThat(count(daemon, LISTENING)).isEqualTo(1);
            assertThat(daemon.log().lines().filter(l -> l.contains(" warn "))).hasSize(1);

            Files.writeString(config, "repository = " + repository + "\n");
            reload(daemon);
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("root").out()).isEqualTo(repository + "\n");
            }
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void otherReleaseOfTheProgram() throws Exception {
        Path dist = copyOfTheTree();
        try (Daemon daemon = launch(dist);
                Session before = Session.to(daemon)) {
            Path jar = jar(dist);
            Path aside = directory.resolve("aside.jar");
            Files.move(jar, aside);
            daemon.signal("HUP");
            daemon.awaitLog("not reloading, going on as before: ");
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).as("without the jar").isZero();
            }
            withVersion(aside, "9.9.9", jar); // like a package manager: a new file of that name
            reload(daemon);
            daemon.awaitLog("hg-cmdserver 9.9.9");
            assertThat(before.run("version", "-q").status()).isZero();
            before.close();
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void failedExecChangesNothing() throws Exception {
        Path dist = copyOfTheTree();
        Path launcher = dist.resolve("bin/hg-cmdserver");
        try (Daemon daemon = launch(dist)) {
            Files.move(launcher, dist.resolve("bin/aside"));
            Files.writeString(launcher, "#!/bin/sh\necho command /nonexistent/java\n");
            assertThat(launcher.toFile().setExecutable(true)).isTrue();
            daemon.signal("HUP");
            daemon.awaitLog(
                    "not reloading, going on as before: execute /nonexistent/java: No such");
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
                List<String> sockets = Processes.sockets(hg.pid());
                assertThat(Processes.sockets(daemon.pid()))
                        .as("of the daemon's sockets the worker has only its connection")
                        .filteredOn(sockets::contains)
                        .hasSizeLessThanOrEqualTo(1);
            }
            Files.move(dist.resolve("bin/aside"), launcher, REPLACE_EXISTING);
            reload(daemon);
            daemon.stop();
        }
    }

    /** The previous image is a program that hands over nonsense, as another release might. */
    @Test
    @RunsOnce
    void stateThatCannotBeReadLeavesListenerAndChildren() throws Exception {
        Path address = directory.resolve("server.sock");
        Path previous = directory.resolve("previous.py");
        Files.writeString(
                previous,
                """
                import fcntl, os, socket, sys
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(sys.argv[1])
                listener.listen(16)
                ours, theirs = socket.socketpair()
                os.mkfifo('end')
                os.mkfifo('end2')
                child = os.fork()
                if not child:
                    os.setpgid(0, 0)
                    os.execv('/bin/sh', ['sh', '-c', 'read line <end'])
                if not os.fork(): # not of the workers' kind: in the group of its parent
                    os.execv('/bin/sh', ['sh', '-c', 'read line <end2'])
                state = os.memfd_create('hg-cmdserver', os.MFD_ALLOW_SEALING)
                os.write(state, b'hg-cmdserver 0\\nnonsense')
                fcntl.fcntl(state, 1033, 15) # F_ADD_SEALS: all
                for s in (listener.fileno(), state, ours.fileno()):
                    os.set_inheritable(s, True)
                os.environ['HG_CMDSERVER_HANDOVER'] = '%d %d %d %d' % (
                    os.getpid(), state, listener.fileno(), ours.fileno())
                os.dup2(ours.fileno(), 60)
                os.set_inheritable(60, True)
                os.execv(sys.argv[2], sys.argv[2:])
                """);
        List<String> command =
                List.of(
                        "python3",
                        previous.toString(),
                        address.toString(),
                        Daemon.PROGRAM,
                        "serve",
                        "--debug",
                        "--workers",
                        Daemon.WORKERS);
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            daemon.awaitLog(LISTENING + " " + address);
            assertThat(daemon.log())
                    .contains("cannot read what was handed over")
                    .as("a socket that may be the daemon's own stays closed to other users")
                    .contains("who may connect: users [");
            List<String> sockets =
                    Processes.descriptors(daemon.pid()).stream()
                            .filter(d -> d.startsWith("60 -> "))
                            .map(d -> d.substring("60 -> ".length()))
                            .toList();
            assertThat(sockets).hasSize(1);
            assertThat(Processes.sockets(daemon.pid()))
                    .as("the image closes handles of unknown connections")
                    .filteredOn(sockets::contains)
                    .hasSize(1);
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            daemon.awaitNoConnection();
            daemon.signal("TERM");
            daemon.awaitLog("waiting for 1 workers");
            assertThat(daemon.isAlive()).isTrue();
            Files.writeString(directory.resolve("end"), "now\n");
            assertThat(daemon.awaitExit()).isZero();
            Files.writeString(directory.resolve("end2"), "now\n");
        }
    }

    @Test
    @RunsOnce
    void inheritedSocketGoesOn() throws Exception {
        try (Daemon daemon = Daemon.activate(directory)) {
            try (Session hg = Session.to(daemon)) {
                daemon.awaitLog(LISTENING); // a first worker answers before
                reload(daemon);
                assertThat(hg.run("version", "-q").status()).isZero();
                try (Session other = Session.to(daemon)) {
                    assertThat(other.run("version", "-q").status()).isZero();
                }
            }
            daemon.stop();
            assertThat(daemon.address()).exists();
        }
    }

    private Path copyOfTheTree() throws Exception {
        Path dist = directory.resolve("dist");
        Processes.run(directory, "cp", "-r", Daemon.DIST.toString(), dist.toString()).succeeded();
        return dist;
    }

    private Daemon launch(Path dist) throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(
                        dist.resolve("bin/hg-cmdserver").toString(),
                        "serve",
                        "--debug",
                        "--address",
                        address.toString(),
                        "--workers",
                        Daemon.WORKERS);
        Daemon daemon = Daemon.launch(directory, address, (Map<String, String> env) -> {}, command);
        daemon.awaitLog(LISTENING);
        return daemon;
    }

    private static Path jar(Path dist) throws IOException {
        try (Stream<Path> lib = Files.list(dist.resolve("lib"))) {
            return lib.filter(p -> p.getFileName().toString().matches("hg-cmdserver-.*jar"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void withVersion(Path jar, String version, Path target) throws Exception {
        String old;
        try (JarFile file = new JarFile(jar.toFile())) {
            old = file.getManifest().getMainAttributes().getValue("Implementation-Version");
        }
        String python =
                """
                import sys, zipfile
                with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile(sys.argv[2], 'w') as new:
                    for entry in old.infolist():
                        data = old.read(entry)
                        if entry.filename == 'META-INF/MANIFEST.MF':
                            data = data.replace(b'Version: ' + sys.argv[3].encode(), b'Version: ' + sys.argv[4].encode())
                        new.writestr(entry, data)
                """;
        Processes.run(
                        jar.getParent(),
                        "python3",
                        "-c",
                        python,
                        jar.toString(),
                        target.toString(),
                        old,
                        version)
                .succeeded();
    }

    private static CompletableFuture<Session.Answer> answerOf(Session hg, String... command) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return hg.run(command);
                    } catch (IOException e) {
                        throw new UncheckedIOException(Arrays.toString(command), e);
                    }
                },
                Processes.THREADS);
    }
}
