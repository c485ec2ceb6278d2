package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.KeptRepositories.ask;
import static org.hgcmdserver.it.KeptRepositories.forked;
import static org.hgcmdserver.it.KeptRepositories.preloaded;
import static org.hgcmdserver.it.KeptRepositories.use;
import static org.hgcmdserver.it.Prefork.awaitIdle;
import static org.hgcmdserver.it.Prefork.template;
import static org.hgcmdserver.it.Processes.await;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Repositories are loaded by a copy of the template, which then takes the template's place; and
 * what is kept is bounded by bytes.
 */
class PreforkSuccessionIT {

    /** Holds the copy of the template before it loads. */
    private static final String HOLD =
            """
            import subprocess
            def uisetup(ui):
                try:
                    from hgcmdserver import repositories, succession
                except ImportError:
                    return # plain hg
                succession.LONGEST_WORK = 3600
                load = repositories.repositories._load
                def held(self, *args):
                    subprocess.call('%s', shell=True)
                    return load(self, *args)
                repositories.repositories._load = held
            """;

    private static final Pattern COPY = Pattern.compile("has a copy \\(pid=(\\d+)\\)");

    /** More than there are idle workers. */
    private static final int SEVERAL = 5;

    @TempDir Path directory;
    private KeptRepositories kept;
    private Gate gate;

    @BeforeEach
    void makeHome() throws Exception {
        kept = new KeptRepositories(directory);
        gate = new Gate(directory);
        extend(HOLD.formatted(gate.command()));
    }

    private void extend(String code) throws Exception {
        Path extension = directory.resolve("extension.py");
        Files.writeString(extension, code);
        kept.enable("extension=" + extension + "\n");
    }

    @AfterEach
    void openGate() {
        gate.openIfClosed();
    }

    @Test
    void clientsAreServedWhileARepositoryIsLoaded() throws Exception {
        Repository repository = kept.large("repository");
        try (Daemon daemon = kept.start()) {
            long first = template(daemon);
            Session busy = hold(daemon, repository);
            for (int i = 0; i < SEVERAL; i++) {
                use(daemon, repository);
            }
            assertThat(template(daemon)).isEqualTo(first);
            gate.open();
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            await().until(() -> !Processes.isAlive(first));
            assertThat(template(daemon)).isNotEqualTo(first);
            assertThat(busy.run("version", "-q").status()).isZero();
            busy.close();
            daemon.awaitNoZombies();
            assertThat(daemon.log()).doesNotContain(" warn ");
            daemon.stop();
        }
        assertThat(directory.toFile().list()).noneMatch(name -> name.startsWith("hg-cmdserver-"));
    }

    @Test
    void templateGoesOnWithoutACopyThatIsKilled() throws Exception {
        Repository repository = kept.large("repository");
        Repository other = kept.large("other");
        try (Daemon daemon = kept.start()) {
            long first = template(daemon);
            hold(daemon, repository).close();
            Processes.signal(copy(daemon), "KILL");
            await().until(() -> daemon.log().contains("copy of a template exited"));
            gate.open();
            assertThat(preloaded(daemon, repository)).isEqualTo("no "); // it may fail again
            await().until(() -> preloaded(daemon, other).equals("yes "));
            await().until(() -> !Processes.isAlive(first));
            daemon.stop();
        }
    }

    @Test
    void templateThatIsKilledIsReplacedAndTakesItsCopyWithIt() throws Exception {
        Repository repository = kept.large("repository");
        try (Daemon daemon = kept.start()) {
            hold(daemon, repository).close();
            long copy = copy(daemon);
            Processes.signal(template(daemon), "KILL");
            await().until(() -> !Processes.isAlive(copy));
            Prefork.awaitReady(daemon, 2);
            awaitIdle(daemon, 1);
            forked(daemon, "version", "-q");
            daemon.awaitNoZombies();
            daemon.stop();
        }
    }

    @Test
    void stopDoesNotWaitForACopy() throws Exception {
        Repository repository = kept.large("repository");
        try (Daemon daemon = kept.start()) {
            hold(daemon, repository).close();
            long copy = copy(daemon);
            daemon.stop();
            assertThat(Processes.isAlive(copy)).isFalse();
        }
    }

    @Test
    void reloadLeavesNoCopy() throws Exception {
        Repository repository = kept.large("repository");
        try (Daemon daemon = kept.start()) {
            Session busy = hold(daemon, repository);
            long copy = copy(daemon);
            ReloadIT.reload(daemon);
            await().until(() -> !Processes.isAlive(copy));
            gate.open();
            assertThat(busy.run("version", "-q").status()).isZero();
            busy.close();
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            daemon.awaitNoZombies();
            daemon.stop();
        }
    }

    /** A file system that hangs would not end the wait. */
    @Test
    void copyThatTakesTooLongEnds() throws Exception {
        extend(HOLD.replace("3600", "1").formatted(gate.command()));
        Repository repository = kept.large("repository");
        try (Daemon daemon = kept.start()) {
            use(daemon, repository);
            daemon.awaitLog("copy of a template exited");
            use(daemon, repository);
            daemon.stop();
        }
    }

    /**
     * A template with several threads forks twice (forktwice in forking.py): the copy may run
     * before it is the daemon's child.
     */
    @Test
    void templateWithAThreadIsSucceededToo() throws Exception {
        extend(
                """
                import os, threading, time
                def uisetup(ui):
                    threading.Thread(target=threading.Event().wait, daemon=True).start()
                    template = os.getpid()
                    def linger(): # in the process between the template and its copy
                        if os.getppid() == template:
                            time.sleep(0.02)
                    os.register_at_fork(after_in_parent=linger)
                """);
        Repository repository = kept.large("repository");
        repository.hg("update", "-q", "tip").succeeded();
        try (Daemon daemon = kept.start()) {
            for (int i = 0; i < 3; i++) {
                repository.commit("new", "x" + i, "again");
                use(daemon, repository);
                await().until(() -> preloaded(daemon, repository).equals("yes "));
            }
            await().until(() -> daemon.log().split(" succeeds ", -1).length > 3);
            assertThat(daemon.log()).doesNotContain("pid=0").doesNotContain(" warn ");
            daemon.stop();
        }
    }

    // bytes

    @Test
    void hugeObsstoreIsLeftToTheWorkers() throws Exception {
        Repository repository = kept.large("repository");
        KeptRepositories.configure(repository, "[experimental]\nevolution=all\n");
        repository.hg("update", "-q", "tip").succeeded();
        repository.commit("new", "x", "first");
        repository.hg("commit", "--amend", "-m", "second").succeeded();
        Path markers = repository.path().resolve(".hg/store/obsstore");
        byte[] one = Files.readAllBytes(markers); // the version and one marker
        gate.open();
        try (Daemon daemon = kept.start()) {
            long before = memory(daemon);
            try (var out = new BufferedOutputStream(Files.newOutputStream(markers))) {
                out.write(one);
                for (long size = one.length; size < 16 << 20; size += one.length - 1) {
                    out.write(one, 1, one.length - 1);
                }
            }
            for (int i = 0; i < 2; i++) {
                assertThat(ask(daemon, "knownmarkers", repository)).isEqualTo("no ");
            }
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            assertThat(memory(daemon) - before).isLessThan(16 << 20);
        }
    }

    /** The index that was used last stays; two of three are more than is kept. */
    @Test
    void repositoriesThatTakeTooMuchMakeRoom() throws Exception {
        List<Repository> repositories = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Repository repository = Repository.create(directory, "large" + i);
            writeIndex(repository, 300_000, i, 20);
            repositories.add(repository);
        }
        Repository small = kept.large("small");
        gate.open();
        try (Daemon daemon = kept.start("--max-repo-cache", "8")) {
            await().until(() -> preloaded(daemon, repositories.get(0)).equals("yes "));
            await().until(() -> preloaded(daemon, repositories.get(1)).equals("yes "));
            await().until(() -> preloaded(daemon, repositories.get(2)).equals("yes "));
            await().until(() -> preloaded(daemon, small).equals("yes "));
            // a worker of an earlier template may still be idle
            await().until(() -> preloaded(daemon, repositories.get(0)).equals("no "));
            assertThat(memory(daemon)).isLessThan(256 << 20);
        }
    }

    /** The tree of nodes that differ in their last digits only takes 30 times the file's size. */
    @Test
    void indexThatTakesFarMoreThanOthersIsLeftToTheWorkers() throws Exception {
        Repository repository = Repository.create(directory, "repository");
        writeIndex(repository, 300_000, 0, 19);
        Repository other = kept.large("other");
        gate.open();
        try (Daemon daemon = kept.start()) {
            for (int i = 0; i < 2; i++) {
                assertThat(preloaded(daemon, repository)).isEqualTo("no ");
            }
            await().until(() -> daemon.log().contains("copy of a template exited"));
            assertThat(daemon.log()).doesNotContain(" succeeds ");
            await().until(() -> preloaded(daemon, other).equals("yes "));
            assertThat(preloaded(daemon, repository)).isEqualTo("no ");
            assertThat(memory(daemon)).isLessThan(128 << 20);
            daemon.stop();
        }
    }

    /**
     * A changelog's index of linear history, without the changesets; see revlog(5)'s format 1. Each
     * node differs from the one before in bytes from {@code same} on or, if that is 20, in all.
     */
    private static void writeIndex(Repository repository, int revisions, int seed, int same)
            throws IOException {
        Random random = new Random(seed);
        Path index = repository.path().resolve(".hg/store/00changelog.i");
        try (var out =
                new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(index)))) {
            byte[] node = new byte[20];
            for (int revision = 0; revision < revisions; revision++) {
                if (same < node.length && revision % 2 == 1) {
                    node[same]++;
                } else {
                    random.nextBytes(node);
                }
                // in the first entry the version takes the place of the offset
                out.writeLong(revision == 0 ? 1L << 32 : (long) revision * 100 << 16);
                out.writeInt(100);
                out.writeInt(100);
                out.writeInt(revision);
                out.writeInt(revision);
                out.writeInt(revision - 1);
                out.writeInt(-1);
                out.write(node);
                out.write(new byte[12]);
            }
        }
    }

    /** Has a copy of the template wait at the gate; returns a session that began before. */
    private Session hold(Daemon daemon, Repository repository) throws Exception {
        Session session = Session.to(daemon);
        use(daemon, repository);
        gate.awaitReached();
        return session;
    }

    /** The daemon may hear of the copy later than the copy reaches the gate. */
    private static long copy(Daemon daemon) throws IOException {
        await().until(() -> COPY.matcher(daemon.log()).find());
        Matcher line = COPY.matcher(daemon.log());
        assertThat(line.find()).isTrue();
        return Long.parseLong(line.group(1));
    }

    /** Bytes of the template's anonymous memory; see RssAnon in proc_pid_status(5). */
    private static long memory(Daemon daemon) {
        long[] bytes = new long[1];
        // the template may be succeeded meanwhile
        await().ignoreExceptions().until(() -> (bytes[0] = memory(template(daemon))) > 0);
        return bytes[0];
    }

    /** 0 if the process has ended. */
    private static long memory(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("RssAnon:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        return 0;
    }
}
