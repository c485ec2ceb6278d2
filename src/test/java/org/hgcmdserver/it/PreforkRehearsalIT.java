package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.inHome;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A rehearsal writes into its own directory only, whatever the directory's name, and may be
 * missing.
 */
class PreforkRehearsalIT {

    /** Paths for printf(1), each below a repository. */
    private static final List<String> NAMES =
            List.of(
                    "work dir",
                    "-R/--config=a.b=c/work -q/x",
                    "100%%/%%r/%%s/{rev}/{node|short}",
                    "$HOME/${HOME}/~/~root/x",
                    "x#default/set:**/path:a/re:.*/file:x/a::b",
                    "it'\\''s/a \"b\"/back\\\\slash/$(true)/`true`/a;b/a&b/*?[a]",
                    "new\\nline/tab\\tand blank /x",
                    "caf\\303\\251/\\346\\227\\245",
                    "not UTF-8 \\351/\\377\\376");

    @TempDir Path directory;
    private Path home;
    private Path tree;
    private Rehearsals rehearsals;

    @BeforeEach
    void makeTree() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
        rehearsals = new Rehearsals(directory);
        Files.writeString(home.resolve(".hgrc"), "[extensions]\n" + rehearsals.extension + "\n");
        tree = directory.resolve("tree");
        Repository.create(directory, "tree").commit("a", "x", "outer");
        Repository.create(tree, "work").commit("a", "x", "at a blank");
        Repository.create(tree, "x").commit("a", "x", "before a fragment");
    }

    @Test
    void nothingIsTouchedAroundADirectoryOfAnyName() throws Exception {
        for (String name : NAMES) {
            untouched(name, "C.UTF-8");
        }
        untouched("caf\\303\\251", "C"); // a name that Java cannot express
    }

    private void untouched(String name, String locale) throws Exception {
        String make = "cd '%s'; t=$(printf -- '%s'; echo x); t=${t%%x}; mkdir -p -- \"$t\"";
        String inTree = make.formatted(tree, name);
        shell(inTree);
        String before = listing();
        String serve = "; TMPDIR=$PWD/$t LC_ALL=%s exec \"$@\"".formatted(locale);
        List<String> all = new ArrayList<>(List.of("sh", "-c", inTree + serve, "sh"));
        Path address = directory.resolve("server.sock");
        all.addAll(List.of(Daemon.PROGRAM, "serve", "--debug", "--address", address.toString()));
        all.addAll(List.of("--workers", "prefork"));
        try (Daemon daemon = Daemon.launch(directory, address, inHome(home), all)) {
            daemon.awaitLog(Prefork.READY);
            rehearsals.await(daemon);
            assertThat(listing()).as(name).isEqualTo(before);
            assertThat(daemon.log()).as(name).doesNotContain(" warn ");
            try (Session hg = Session.to(daemon)) {
                assertThat(command(hg.pid())).contains(Prefork.FORKED);
                String[] log = {"log", "-R", tree.toString(), "-T", "{desc}"};
                assertThat(hg.run(log)).isEqualTo(new Session.Answer(0, "outer", ""));
            }
            daemon.stop();
        }
        assertThat(shell("find '%s' -name 'hg-cmdserver-*'".formatted(tree))).isEmpty();
        Files.delete(directory.resolve("seen"));
    }

    /**
     * Names, contents, times and inodes of all files outside private repositories, at any depth.
     */
    private String listing() throws Exception {
        return shell(
                ("cd '%s'; find . -name 'hg-cmdserver-*' -prune -o -type d -print -o"
                                + " -printf '%%p %%m %%s %%i %%T@ %%C@\\n' -type f -exec cat {} ';'"
                                + " | cat -v")
                        .formatted(tree));
    }

    private String shell(String script) throws Exception {
        return Processes.run(directory, "sh", "-c", script).succeeded().out();
    }

    @Test
    void directoryThatIsMissingIsThatOfTheSystem() throws Exception {
        try (Daemon daemon = startIn(directory.resolve("missing"))) {
            assertThat(Rehearsals.directory(daemon).getParent()).isEqualTo(Path.of("/tmp"));
            assertThat(daemon.log()).doesNotContain(" warn ");
            Path own = Rehearsals.directory(daemon);
            daemon.stop();
            assertThat(own).doesNotExist();
        }
    }

    private Daemon startIn(Path temporary) throws Exception {
        Daemon daemon =
                Daemon.start(
                        directory,
                        env -> {
                            inHome(home).accept(env);
                            env.put("TMPDIR", temporary.toString());
                        },
                        "--workers",
                        "prefork");
        daemon.awaitLog(Prefork.READY);
        return daemon;
    }

    /** Only the rehearsals are missing. */
    @Test
    void setUpThatFailsIsOneWarning() throws Exception {
        failsBecauseOf("from mercurial import localrepo as m\nowner = m.localrepository", "commit");
        try (Daemon daemon = startIn(directory)) {
            assertMissing(daemon, "commit -m one");
            assertThat(directory.toFile().list((d, name) -> name.startsWith("hg-cmdserver-")))
                    .hasSize(1); // the directory exists as long as the template
            daemon.stop();
        }
        assertThat(directory.toFile().list((d, name) -> name.startsWith("hg-cmdserver-")))
                .isEmpty();
    }

    /** The command that fails is one that each worker would run. */
    @Test
    void rehearsalThatFailsIsOneWarning() throws Exception {
        failsBecauseOf("from mercurial import logcmdutil as owner", "getrevs");
        try (Daemon daemon = startIn(directory)) {
            assertMissing(daemon, "log -l1");
            daemon.stop();
        }
    }

    private void failsBecauseOf(String owner, String function) throws Exception {
        String extension =
                """
                %s
                from mercurial import error, extensions
                def fail(orig, *args, **kwargs):
                    raise error.Abort(b'not today')
                def extsetup(ui):
                    extensions.wrapfunction(owner, '%s', fail)
                """;
        Path file = directory.resolve("fail.py");
        Files.writeString(file, extension.formatted(owner, function));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\nfail=" + file + "\n");
    }

    private static void assertMissing(Daemon daemon, String failed) throws Exception {
        for (int i = 0; i < 3; i++) {
            Prefork.awaitIdle(daemon, 1);
            try (Session hg = Session.to(daemon)) {
                assertThat(command(hg.pid())).contains(Prefork.FORKED);
                assertThat(hg.run("version", "-q").status()).isZero();
            }
        }
        assertThat(daemon.log().lines().filter(l -> l.contains(" warn ")))
                .singleElement()
                .asString()
                .contains("workers are forked without rehearsals: Failed: ", failed, "not today");
    }
}
