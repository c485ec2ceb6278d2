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
                    from hgcmdserver import repositories
                except ImportError:
                    return
                load = repositories.repositories._load
                def held(self, *args):
                    subprocess.call('%s', shell=True)
                    return load(self, *args)
                repositories.repositories._load = held
            """;

    /** More than there are idle workers. */
    private static final int SEVERAL = 5;

    @TempDir Path directory;
    private KeptRepositories kept;
    private Gate gate;

    @BeforeEach
    void makeHome() throws Exception {
        kept = new KeptRepositories(directory);
        gate = new Gate(directory);
        Path extension = directory.resolve("hold.py");
        Files.writeString(extension, HOLD.formatted(gate.command()));
        kept.enable("hold=" + extension + "\n");
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
            assertThat(Processes.isAlive(first)).isFalse();
            assertThat(template(daemon)).isNotEqualTo(first);
            assertThat(busy.run("version", "-q").status()).isZero();
            busy.close();
            daemon.awaitNoZombies();
            assertThat(daemon.log()).doesNotContain("WARN");
            daemon.stop();
        }
        assertThat(directory.toFile().list()).noneMatch(name -> name.startsWith("hg-cmdserver-"));
    }

    @Test
    void templateGoesOnWithoutACopyThatIsKilled() throws Exception {
        Repository repository = kept.large("repository");
        try (Daemon daemon = kept.start()) {
            long first = template(daemon);
            hold(daemon, repository).close();
            Processes.signal(copy(daemon), "KILL");
            await().until(() -> daemon.log().contains("copy of a template exited"));
            gate.open();
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            assertThat(Processes.isAlive(first)).isFalse();
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
            gate.open();
            await().until(() -> !Processes.isAlive(copy));
            assertThat(busy.run("version", "-q").status()).isZero();
            busy.close();
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            daemon.awaitNoZombies();
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
            long before = memory(template(daemon));
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
            assertThat(memory(template(daemon)) - before).isLessThan(16 << 20);
        }
    }

    /** The index that was used last stays; two of three are more than is kept. */
    @Test
    void repositoriesThatTakeTooMuchMakeRoom() throws Exception {
        List<Repository> repositories = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Repository repository = Repository.create(directory, "large" + i);
            writeIndex(repository, 300_000, i);
            repositories.add(repository);
        }
        Repository small = kept.large("small");
        gate.open();
        try (Daemon daemon = kept.start("--max-repo-cache", "8")) {
            await().until(() -> preloaded(daemon, repositories.get(0)).equals("yes "));
            await().until(() -> preloaded(daemon, repositories.get(1)).equals("yes "));
            await().until(() -> preloaded(daemon, repositories.get(2)).equals("yes "));
            await().until(() -> preloaded(daemon, small).equals("yes "));
            assertThat(preloaded(daemon, repositories.get(0))).isEqualTo("no ");
            assertThat(memory(template(daemon))).isLessThan(256 << 20);
        }
    }

    /** A changelog's index of linear history, without the changesets; see revlog(5)'s format 1. */
    private static void writeIndex(Repository repository, int revisions, int seed)
            throws IOException {
        Random random = new Random(seed);
        Path index = repository.path().resolve(".hg/store/00changelog.i");
        try (var out =
                new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(index)))) {
            byte[] node = new byte[20];
            for (int revision = 0; revision < revisions; revision++) {
                random.nextBytes(node);
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

    private static long copy(Daemon daemon) throws Exception {
        long template = template(daemon);
        String command = Prefork.command(template);
        for (long child : Processes.children(daemon.pid())) {
            if (child != template && Prefork.command(child).equals(command)) {
                return child;
            }
        }
        throw new AssertionError("no copy of the template");
    }

    /** Bytes of anonymous memory; see RssAnon in proc_pid_status(5). */
    private static long memory(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("RssAnon:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new AssertionError("no process " + pid);
    }
}
