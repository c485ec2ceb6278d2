package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.KeptRepositories.ask;
import static org.hgcmdserver.it.KeptRepositories.configure;
import static org.hgcmdserver.it.KeptRepositories.forked;
import static org.hgcmdserver.it.KeptRepositories.preloaded;
import static org.hgcmdserver.it.KeptRepositories.use;
import static org.hgcmdserver.it.Prefork.awaitIdle;
import static org.hgcmdserver.it.Prefork.strip;
import static org.hgcmdserver.it.Prefork.tip;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Repositories in frequent use, kept loaded in the template or not: answers show the present state.
 */
class PreforkRepositoryIT {

    /** An extension that only one repository enables. */
    private static final String SAY =
            """
            from mercurial import registrar
            cmdtable = {}
            command = registrar.command(cmdtable)
            @command(b'say', [], b'')
            def say(ui, repo):
                ui.write(b'%s %%d' %% repo[b'tip'].rev())
            """;

    @TempDir Path directory;
    private KeptRepositories kept;

    @BeforeEach
    void makeHome() throws Exception {
        kept = new KeptRepositories(directory);
    }

    private Daemon start(String... options) throws Exception {
        return kept.start(options);
    }

    // the number of repositories

    @Test
    void leastRecentlyUsedMakesRoomForAnother() throws Exception {
        Repository a = large("a");
        Repository b = large("b");
        Repository c = large("c");
        try (Daemon daemon = start("--max-repo-cache", "2")) {
            use(daemon, a);
            await().until(() -> preloaded(daemon, a).equals("yes "));
            use(daemon, b);
            await().until(() -> preloaded(daemon, a, b).equals("yes yes "));
            use(daemon, a);
            use(daemon, c);
            await().until(() -> preloaded(daemon, a, b, c).equals("yes no yes "));
            use(daemon, a);
            use(daemon, b);
            await().until(() -> preloaded(daemon, a, b, c).equals("yes yes no "));
        }
    }

    @Test
    void maximumOfNoneKeepsNone() throws Exception {
        Repository repository = large("repository");
        try (Daemon daemon = start("--max-repo-cache", "0")) {
            for (int i = 0; i < 6; i++) { // enough for the template to load it
                use(daemon, repository);
                awaitIdle(daemon, 2);
                assertThat(preloaded(daemon, repository)).isEqualTo("no ");
            }
            assertThat(ask(daemon, "untouched", repository)).isEqualTo("yes ");
        }
    }

    // changes by other processes

    @Test
    void extensionOfARepositoryStaysInIt() throws Exception {
        Path extension = directory.resolve("inrepo.py");
        Files.writeString(
                extension,
                """
                from mercurial import registrar
                cmdtable = {}
                command = registrar.command(cmdtable)
                @command(b'say', [], b'', norepo=True)
                def say(ui):
                    ui.write(b'said')
                """);
        Repository repository = Repository.create(directory, "repository");
        repository.hg("debugbuilddag", "--config", "ui.username=t", "+1200").succeeded();
        Files.writeString(
                repository.path().resolve(".hg/hgrc"), "[extensions]\ninrepo=" + extension + "\n");
        try (Daemon daemon = start()) {
            for (int i = 0; i < 6; i++) {
                assertThat(tip(daemon, repository)).startsWith("1199 ");
                awaitIdle(daemon, 2);
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("say").err()).contains("unknown command 'say'");
            }
        }
    }

    @Test
    void preloadedRepositoryFollowsWhatOthersDoToIt() throws Exception {
        Repository repository = Repository.create(directory, "repository");
        repository.hg("debugbuilddag", "--config", "ui.username=t", "+1200").succeeded();
        repository.hg("update", "-q", "tip").succeeded();
        try (Daemon daemon = start()) {
            for (int i = 0; i < 6; i++) { // enough for the template to load it
                assertThat(tip(daemon, repository)).startsWith("1199 ");
                awaitIdle(daemon, 2);
            }
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            repository.commit("new", "x", "outside");
            assertThat(tip(daemon, repository)).isEqualTo("1200 outside");
            await().until(() -> preloaded(daemon, repository).equals("yes ")); // loaded again
            strip(repository, "1200");
            assertThat(tip(daemon, repository)).startsWith("1199 ");
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            repository.commit("new", "y", "again");
            assertThat(tip(daemon, repository)).isEqualTo("1200 again");
            repository.hg("commit", "--amend", "-m", "amended").succeeded();
            assertThat(tip(daemon, repository)).endsWith("amended");
            // rewritten to the same number of revisions
            strip(repository, "1190");
            for (int i = 0; i < 11; i++) {
                repository.commit("f" + i, "x", "rewritten " + i);
            }
            assertThat(tip(daemon, repository)).endsWith("rewritten 10");
            repository.hg("phase", "--public", "tip").succeeded();
            try (Session hg = Session.to(daemon)) {
                String[] phase = {"log", "-R", repository.toString(), "-r", "tip", "-T", "{phase}"};
                assertThat(hg.run(phase).out()).isEqualTo("public");
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("verify", "-q", "-R", repository.toString()).status()).isZero();
            }
            daemon.stop();
        }
    }

    @Test
    void preloadedRepositoryFollowsItsObsolescence() throws Exception {
        Repository repository = large("repository");
        configure(repository, "[experimental]\nevolution=all\n");
        repository.hg("update", "-q", "tip").succeeded();
        repository.commit("new", "x", "first");
        try (Daemon daemon = start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            String r = repository.toString();
            // the first markers, then more
            for (String message : List.of("second", "third")) {
                repository.hg("commit", "--amend", "-m", message).succeeded();
                assertThat(forked(daemon, "log", "-R", r, "-l1", "-T", "{desc}"))
                        .isEqualTo(message);
            }
            String[] hidden = {"log", "-R", r, "--hidden", "-r", "obsolete()", "-T", "{desc} "};
            assertThat(forked(daemon, hidden)).isEqualTo("first second ");
        }
    }

    /** Many commands of one connection, each with the data loaded once for all of them. */
    @Test
    void laterCommandsOfAConnectionSeeWhatHasHappenedMeanwhile() throws Exception {
        Repository repository = large("repository");
        configure(repository, "[experimental]\nevolution=all\n");
        repository.hg("update", "-q", "tip").succeeded();
        repository.commit("new", "x", "first");
        String r = repository.toString();
        try (Daemon daemon = start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            try (Session hg = Session.to(daemon)) {
                String[] graph = {"log", "-R", r, "-G", "-T", "{rev} {desc} {branch}\n"};
                assertThat(hg.run(graph).out()).startsWith("@  1200 first");
                for (String message : List.of("second", "third")) {
                    repository.hg("commit", "--amend", "-m", message).succeeded();
                    for (int i = 0; i < 3; i++) {
                        Session.Answer answer = hg.run(graph);
                        assertThat(answer.out()).as(answer.err()).contains(message + " default\n");
                    }
                }
            }
        }
    }

    @Test
    void refusedTransactionLeavesNothingToLaterCommandsOfItsConnection() throws Exception {
        Repository repository = large("repository");
        repository.hg("update", "-q", "tip").succeeded();
        repository.commit("new", "x", "first");
        String r = repository.toString();
        String[] phase = {"log", "-R", r, "-r", "1200", "-T", "{phase}"};
        try (Daemon daemon = start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            try (Session hg = Session.to(daemon)) {
                String[] refused = {
                    "phase", "-R", r, "--public", "tip", "--config", "hooks.pretxnclose=false"
                };
                // 7.0 and later do not print "rollback completed" if only phases changed
                assertThat(hg.run(refused).err()).contains("pretxnclose hook exited");
                assertThat(hg.run(phase).out()).isEqualTo("draft");
                Files.writeString(repository.path().resolve("new"), "y");
                String[] commit = {"commit", "-R", r, "-m", "second", "--config"};
                assertThat(
                                hg.run(with(commit, "hooks.pretxncommit=false")).err()
                                        + hg.run("log", "-R", r, "-l1", "-T", "{desc}").out())
                        .contains("rollback completed")
                        .endsWith("first");
                assertThat(hg.run(with(commit, "ui.quiet=yes")).status()).isZero();
                assertThat(hg.run(phase).out()).isEqualTo("draft");
            }
        }
        assertThat(repository.hg("log", "-r", "1200:", "-T", "{rev} {phase} {desc}\n").out())
                .isEqualTo("1200 draft first\n1201 draft second\n");
        repository.hg("verify", "-q").succeeded();
    }

    private static String[] with(String[] arguments, String last) {
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 1);
        all[arguments.length] = last;
        return all;
    }

    /** The data loaded from a path are of no use for another repository at the same path. */
    @Test
    void otherRepositoryInThePlaceOfALoadedOneIsServed() throws Exception {
        Repository source = large("source");
        Repository repository = large("repository");
        try (Daemon daemon = start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            source.hg("update", "-q", "tip").succeeded();
            source.commit("new", "x", "in the source");
            String replace =
                    "rm -r repository; hg --config extensions.share= share -q -U source repository";
            for (int i = 0; i < 2; i++) { // a share, then a clone in its place
                Processes.run(directory, "sh", "-c", replace).succeeded();
                for (int n = 0; n < 4; n++) {
                    assertThat(tip(daemon, repository)).isEqualTo("1200 in the source");
                    awaitIdle(daemon, 2);
                }
                replace = "rm -r repository; hg clone -q --pull -U source repository";
            }
            String r = repository.toString();
            String[] commit = {"commit", "-A", "-R", r, "-m", "own", "-u", "t"};
            forked(daemon, "update", "-q", "-R", r);
            Files.writeString(repository.path().resolve("own"), "x");
            forked(daemon, commit);
            assertThat(tip(daemon, repository)).isEqualTo("1201 own");
            assertThat(tip(daemon, source)).isEqualTo("1200 in the source");
        }
        repository.hg("verify", "-q").succeeded();
    }

    @Test
    void shareAndItsSourceFollowEachOther() throws Exception {
        Repository source = large("source");
        source.hg("update", "-q", "tip").succeeded();
        Processes.run(
                        directory,
                        "hg",
                        "--config",
                        "extensions.share=",
                        "share",
                        "-q",
                        "-B",
                        "source",
                        "share")
                .succeeded();
        Repository share = new Repository(directory.resolve("share"));
        Files.writeString(share.path().resolve(".hg/hgrc"), "[ui]\nusername=t\n");
        try (Daemon daemon = start()) {
            for (int i = 0; i < 6; i++) {
                use(daemon, share);
                awaitIdle(daemon, 2);
            }
            use(daemon, source);
            await().until(() -> preloaded(daemon, source).equals("yes "));

            source.commit("new", "x", "in the source");
            assertBoth(daemon, source, share, "1200 in the source");
            share.hg("update", "-q", "tip").succeeded();
            share.commit("new", "y", "in the share");
            assertBoth(daemon, source, share, "1201 in the share");
            share.hg("update", "-q", "1200").succeeded();
            strip(source, "1201");
            assertBoth(daemon, source, share, "1200 in the source");
            // the same number of revisions
            share.commit("new", "z", "rewritten");
            assertBoth(daemon, source, share, "1201 rewritten");

            source.hg("bookmark", "-r", "5", "outside").succeeded();
            assertThat(forked(daemon, "log", "-R", "" + share, "-r", "outside", "-T", "{rev}"))
                    .isEqualTo("5");
            forked(daemon, "bookmark", "-R", "" + share, "-r", "7", "served");
            assertThat(source.hg("log", "-r", "served", "-T", "{rev}").out()).isEqualTo("7");
            share.hg("phase", "--public", "tip").succeeded();
            for (Repository each : List.of(source, share)) {
                assertThat(forked(daemon, "log", "-R", "" + each, "-r", "tip", "-T", "{phase}"))
                        .isEqualTo("public");
                forked(daemon, "verify", "-q", "-R", each.toString());
            }
            daemon.stop();
        }
    }

    // repositories with their own extensions

    @Test
    void repositoryWithItsOwnExtensionIsAsItIsNow() throws Exception {
        Path extension = Files.writeString(directory.resolve("say.py"), SAY.formatted("one"));
        Repository repository = large("repository");
        Repository other = large("other");
        configure(repository, "[extensions]\nsay=" + extension + "\n");
        repository.hg("update", "-q", "tip").succeeded();
        String[] say = {"say", "-R", repository.toString()};
        try (Daemon daemon = start()) {
            for (int i = 0; i < 6; i++) {
                assertThat(forked(daemon, say)).isEqualTo("one 1199");
                use(daemon, other);
                awaitIdle(daemon, 2);
            }
            repository.commit("new", "x", "outside");
            assertThat(forked(daemon, say)).isEqualTo("one 1200");
            assertThat(tip(daemon, repository)).isEqualTo("1200 outside");
            strip(repository, "1200");
            assertThat(forked(daemon, say)).isEqualTo("one 1199");
            Files.writeString(extension, SAY.formatted("three"));
            assertThat(forked(daemon, say)).isEqualTo("three 1199");
            await().until(() -> preloaded(daemon, repository, other).equals("yes yes "));
        }
    }

    @Test
    void preloadedRepositoryThatGetsAnExtensionHasIt() throws Exception {
        Path extension = Files.writeString(directory.resolve("say.py"), SAY.formatted("said"));
        Repository repository = large("repository");
        repository.hg("update", "-q", "tip").succeeded();
        String r = repository.toString();
        try (Daemon daemon = start()) {
            use(daemon, repository);
            await().until(() -> preloaded(daemon, repository).equals("yes "));
            configure(repository, "[extensions]\nsay=" + extension + "\n");
            assertThat(forked(daemon, "say", "-R", r)).isEqualTo("said 1199");
            for (int i = 1200; i < 1206; i++) {
                repository.commit("new", "x" + i, "outside");
                assertThat(forked(daemon, "say", "-R", r)).isEqualTo("said " + i);
                assertThat(tip(daemon, repository)).isEqualTo(i + " outside");
            }
            configure(repository, "");
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("say", "-R", r).err()).contains("unknown command 'say'");
            }
            assertThat(tip(daemon, repository)).isEqualTo("1205 outside");
        }
    }

    private Repository large(String name) throws Exception {
        return kept.large(name);
    }

    private static void assertBoth(
            Daemon daemon, Repository source, Repository share, String expected) throws Exception {
        for (int i = 0; i < 3; i++) {
            for (Repository each : List.of(share, source)) {
                assertThat(forked(daemon, "log", "-R", "" + each, "-l1", "-T", "{rev} {desc}"))
                        .isEqualTo(expected);
            }
        }
    }
}
