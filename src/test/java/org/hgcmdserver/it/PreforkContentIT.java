package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.KeptRepositories.ask;
import static org.hgcmdserver.it.KeptRepositories.configure;
import static org.hgcmdserver.it.KeptRepositories.forked;
import static org.hgcmdserver.it.KeptRepositories.preloaded;
import static org.hgcmdserver.it.KeptRepositories.use;
import static org.hgcmdserver.it.Prefork.awaitIdle;
import static org.hgcmdserver.it.Prefork.tip;
import static org.hgcmdserver.it.Processes.await;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A worker uses the template's data of a repository only where a file has the content from which
 * the template made them, whatever the file's time and size, or the order of events, suggest.
 */
class PreforkContentIT {

    /** Holds up the copy of the template that has parsed a changelog. */
    private static final String HOLD =
            """
            import subprocess
            def uisetup(ui):
                try:
                    from hgcmdserver import repositories, succession
                except ImportError:
                    return # plain hg
                succession.LONGEST_WORK = 3600
                class parsedindex(repositories.parsedindex):
                    def __init__(self, *args):
                        super().__init__(*args)
                        subprocess.call('%s', shell=True)
                repositories.parsedindex = parsedindex
            """;

    /** Replaces a file by a FIFO, once, when a command has finished. */
    private static final String FIFO =
            """
            import os
            from mercurial import extensions, localrepo
            def uisetup(ui):
                try:
                    from hgcmdserver import succession
                    succession.LONGEST_WORK = 3600
                except ImportError:
                    pass # plain hg
            def extsetup(ui):
                def close(orig, repo):
                    orig(repo)
                    name = repo.ui.config(b'test', b'fifo')
                    if name:
                        os.rename(repo.vfs.join(name), repo.vfs.join(name + b'.moved'))
                        os.mkfifo(repo.vfs.join(name))
                extensions.wrapfunction(localrepo.localrepository, 'close', close)
            """;

    @TempDir Path directory;
    private KeptRepositories kept;

    @BeforeEach
    void makeHome() throws Exception {
        kept = new KeptRepositories(directory);
    }

    /** Mercurial compares sizes and inodes, and times in whole seconds. */
    @Test
    void changelogThatIsRewrittenInTheSameSecondIsReadAnew() throws Exception {
        Repository repository = kept.large("repository");
        Path base = copy(repository.path(), "base");
        repository.commit("new", "x", "first").hg("update", "-q", "null").succeeded();
        Repository other = null;
        for (int i = 0; other == null || !sameSize(repository, other); i++) {
            other = new Repository(copy(base, "other" + i));
            other.commit("new", "y" + i, "other");
        }
        Path first = copy(repository.path(), "first");
        FileTime time = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
        try (Daemon daemon = kept.start()) {
            boolean same = false;
            while (!same) { // false if the two puts fall into different seconds
                long second = put(first, repository, time);
                await().until(() -> preloaded(daemon, repository).equals("yes "));
                same = put(other.path(), repository, time) == second;
                assertThat(tip(daemon, repository)).isEqualTo("1200 other");
            }
        }
    }

    private static boolean sameSize(Repository one, Repository other) throws Exception {
        String index = ".hg/store/00changelog.i";
        return Files.size(one.path().resolve(index)) == Files.size(other.path().resolve(index));
    }

    /** Writes a changelog into the files of another; returns the second of its ctime. */
    private static long put(Path source, Repository target, FileTime modified) throws Exception {
        for (String name : List.of("00changelog.d", "00changelog.i")) {
            Path from = source.resolve(".hg/store").resolve(name);
            Path to = target.path().resolve(".hg/store").resolve(name);
            if (Files.exists(from)) {
                Files.write(to, Files.readAllBytes(from));
                Files.setLastModifiedTime(to, modified);
            }
        }
        Path index = target.path().resolve(".hg/store/00changelog.i");
        return ((FileTime) Files.getAttribute(index, "unix:ctime")).to(TimeUnit.SECONDS);
    }

    /** The template reads the changelog before the transaction's end, and the phases after it. */
    @Test
    void phasesThatAreYoungerThanTheChangelogAreNotTakenForItsOwn() throws Exception {
        Gate gate = new Gate(directory);
        Path extension = directory.resolve("hold.py");
        Files.writeString(extension, HOLD.formatted(gate.command()));
        kept.enable("hold=" + extension + "\n");
        Repository repository = kept.large("repository");
        repository.hg("phase", "--public", "tip").succeeded();
        repository.hg("update", "-q", "tip").succeeded();
        try (Daemon daemon = kept.start()) {
            use(daemon, repository);
            gate.awaitReached();
            repository.commit("new", "x", "outside");
            gate.open();
            for (int i = 0; i < 6; i++) {
                String[] phase = {
                    "log", "-R", repository.toString(), "-l1", "-T", "{desc} {phase}"
                };
                assertThat(forked(daemon, phase)).isEqualTo("outside draft");
                awaitIdle(daemon, 2);
            }
            await().until(() -> preloaded(daemon, repository).equals("yes "));
        }
    }

    /** Three files determine which changesets are orphans. */
    @Test
    void orphanThatLeavesTheMarkersAsTheyAreIsSeen() throws Exception {
        Repository repository = kept.large("repository");
        configure(repository, "[experimental]\nevolution=all\n");
        repository.hg("update", "-q", "tip").succeeded();
        repository.commit("new", "x", "first");
        repository.hg("commit", "--amend", "-m", "second").succeeded();
        String[] orphans = {"log", "-R", repository.toString(), "-r", "orphan()", "-T", "{desc}"};
        try (Daemon daemon = kept.start()) {
            assertThat(forked(daemon, orphans)).isEmpty();
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            repository.hg("update", "-q", "--hidden", "desc(first)").succeeded();
            repository.commit("new", "y", "orphan");
            assertThat(forked(daemon, orphans)).isEqualTo("orphan");
        }
    }

    @Test
    void markersAreThoseOfTheFileAsItIs() throws Exception {
        Repository repository = kept.large("repository");
        configure(repository, "[experimental]\nevolution=all\n");
        repository.hg("update", "-q", "tip").succeeded();
        repository.commit("new", "x", "first");
        repository.hg("commit", "--amend", "-m", "second").succeeded();
        Path markers = repository.path().resolve(".hg/store/obsstore");
        byte[] one = Files.readAllBytes(markers); // the version and one marker
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(one);
        for (int i = 1; i < 300; i++) {
            many.write(one, 1, one.length - 1);
        }
        Files.write(markers, many.toByteArray());
        String[] list = {"debugobsolete", "-R", repository.toString()};
        try (Daemon daemon = kept.start()) {
            for (String message : List.of("third", "fourth")) {
                use(daemon, repository);
                await().until(() -> ask(daemon, "knownmarkers", repository).equals("yes "));
                String known = forked(daemon, list);
                assertThat(known).isEqualTo(repository.hg(list).out());
                repository.hg("commit", "--amend", "-m", message).succeeded();
                assertThat(forked(daemon, list))
                        .isNotEqualTo(known)
                        .isEqualTo(repository.hg(list).out());
                String[] log = {"log", "-R", repository.toString(), "-l1", "-T", "{desc}"};
                assertThat(forked(daemon, log)).isEqualTo(message);
            }
            // the same number of bytes, other markers
            byte[] before = Files.readAllBytes(markers);
            byte[] last = Arrays.copyOfRange(before, before.length - one.length + 1, before.length);
            byte[] after = before.clone();
            System.arraycopy(last, 0, after, 1, last.length);
            await().until(() -> ask(daemon, "knownmarkers", repository).equals("yes "));
            Files.write(markers, after);
            assertThat(forked(daemon, list)).isEqualTo(repository.hg(list).out());
        }
    }

    /** A bundle repository appends to a parsed changelog. */
    @Test
    void bundleThatIsLookedIntoLeavesNothingBehind() throws Exception {
        Repository repository = kept.large("repository");
        Repository other = new Repository(copy(repository.path(), "other"));
        other.hg("update", "-q", "tip").succeeded();
        other.commit("new", "x", "in the bundle");
        String bundle = directory.resolve("bundle.hg").toString();
        other.hg("bundle", "-q", "--base", "1199", "-r", "tip", bundle).succeeded();
        String r = repository.toString();
        String[] tip = {"log", "-R", r, "-l1", "-T", "{rev} {phase} {desc}"};
        String[] inside = {"log", "-R", "bundle:" + r + "+" + bundle, "-l1", "-T", "{rev} {desc}"};
        String expected = repository.hg(tip).out();
        try (Daemon daemon = kept.start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            for (int i = 0; i < 3; i++) {
                try (Session hg = Session.to(daemon)) {
                    assertThat(hg.run(inside).out()).isEqualTo("1200 in the bundle");
                    assertThat(hg.run(tip).out()).isEqualTo(expected);
                    assertThat(hg.run(inside).out()).isEqualTo("1200 in the bundle");
                    String[] pull = {
                        "pull", "-q", "-R", r, bundle, "--config", "hooks.pretxnclose=false"
                    };
                    assertThat(hg.run(pull).status()).isNotZero();
                    assertThat(hg.run(tip).out()).isEqualTo(expected);
                }
            }
        }
        repository.hg("verify", "-q").succeeded();
    }

    /** A file that a worker has read may be something else when the template opens it. */
    @Test
    void fifoInThePlaceOfAFileHoldsUpNobody() throws Exception {
        Path extension = Files.writeString(directory.resolve("fifo.py"), FIFO);
        kept.enable("fifo=" + extension + "\n");
        Repository other = kept.large("other");
        try (Daemon daemon = kept.start()) {
            for (String name : List.of("store/00changelog.i", "hgrc")) {
                Repository repository = kept.large(name.replaceAll(".*/", "").replace(".", ""));
                String fifo = "test.fifo=" + name;
                forked(daemon, "log", "-R", "" + repository, "-l1", "--config", fifo);
                for (int i = 0; i < 6; i++) { // more than the idle workers
                    use(daemon, other);
                    awaitIdle(daemon, 2);
                }
            }
            await().until(() -> preloaded(daemon, other).equals("yes "));
        }
    }

    /** A file that is missing or incomplete costs nothing but the speed-up. */
    @Test
    void changelogThatHasGoneIsGone() throws Exception {
        Repository repository = kept.large("repository");
        Repository other = kept.large("other");
        try (Daemon daemon = kept.start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            Path index = repository.path().resolve(".hg/store/00changelog.i");
            byte[] whole = Files.readAllBytes(index);
            Files.delete(index);
            assertThat(tip(daemon, repository)).isEmpty();
            Files.write(index, Arrays.copyOf(whole, whole.length - 1));
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("log", "-R", "" + repository, "-l1").err()).contains("corrupt");
            }
            Files.write(index, whole);
            assertThat(tip(daemon, repository)).startsWith("1199 ");
            use(daemon, other);
            await().until(() -> preloaded(daemon, repository, other).equals("yes yes "));
        }
    }

    /** Mercurial computes the phase from the earlier phase roots and an index that has grown. */
    @Test
    void phaseOfACommitIsKnownInItsTransaction() throws Exception {
        Path hook =
                Files.writeString(
                        directory.resolve("hook.py"),
                        """
                        def phase(ui, repo, node, **kwargs):
                            ui.write(repo[node].phasestr())
                        """);
        Repository repository = kept.large("repository");
        configure(repository, "[hooks]\npretxncommit=python:" + hook + ":phase\n");
        repository.hg("update", "-q", "tip").succeeded();
        Path roots = repository.path().resolve(".hg/store/phaseroots");
        String before = Files.readString(roots); // the new changesets descend from these roots
        String[] commit = {"commit", "-q", "-A", "-R", repository.toString(), "-m", "new"};
        try (Daemon daemon = kept.start()) {
            for (int i = 0; i < 3; i++) {
                use(daemon, repository);
                await().until(() -> preloaded(daemon, repository).equals("yes "));
                Files.writeString(repository.path().resolve("new"), "x" + i);
                assertThat(forked(daemon, commit)).isEqualTo("draft");
                assertThat(roots).hasContent(before);
            }
        }
    }

    /**
     * The command's second repository object has the same files, and must not share the changelog.
     */
    @Test
    void repositoryThatPullsFromItselfIsAsItWas() throws Exception {
        Repository repository = kept.large("repository");
        repository.hg("update", "-q", "tip").succeeded();
        String r = repository.toString();
        try (Daemon daemon = kept.start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            assertThat(forked(daemon, "pull", "-R", r, r)).contains("no changes found");
            repository.hg("phase", "--public", "tip").succeeded();
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            assertThat(forked(daemon, "phase", "-R", r, "--draft", "--force", "tip")).isEmpty();
            String[] phase = {"log", "-R", r, "-l2", "-T", "{rev} {phase}\n"};
            assertThat(forked(daemon, phase)).isEqualTo("1199 draft\n1198 public\n");
        }
    }

    /** A release with different internals costs this speed-up, and nothing else. */
    @Test
    void workersAreForkedWithoutKeptRepositoriesIfMercurialDiffers() throws Exception {
        Path extension =
                Files.writeString(
                        directory.resolve("other.py"),
                        """
                        from mercurial import obsolete
                        obsolete.obsstore._all = property(obsolete.obsstore.__dict__['_all'].func)
                        """);
        kept.enable("other=" + extension + "\n");
        Repository repository = kept.large("repository");
        try (Daemon daemon = kept.start()) {
            daemon.awaitLog("workers are forked without preloaded repositories: AttributeError: ");
            for (int i = 0; i < 4; i++) {
                assertThat(preloaded(daemon, repository)).isEqualTo("no ");
                use(daemon, repository); // through a worker that was forked ahead
            }
        }
    }

    private Path copy(Path repository, String name) throws Exception {
        Processes.run(directory, "cp", "-r", repository.toString(), name).succeeded();
        return directory.resolve(name);
    }
}
