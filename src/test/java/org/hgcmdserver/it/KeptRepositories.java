package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Daemons that keep repositories loaded, and repositories large enough to be kept. */
final class KeptRepositories {

    /**
     * An extension whose commands tell whether a worker was spared the work: Mercurial loads the
     * extension before the template wraps these functions, so that the extension sees only the work
     * that is really done.
     */
    private static final String PROBE =
            """
            import sys
            from mercurial import extensions, obsolete, registrar, revlog
            cmdtable = {}
            command = registrar.command(cmdtable)
            done = []
            def extsetup(ui):
                def parse(orig, content, *args, **kwargs):
                    if len(content) > 64000:
                        done.append('parse')
                    return orig(content, *args, **kwargs)
                def phases(orig, *args):
                    done.append('phases')
                    return orig(*args)
                def markers(orig, *args, **kwargs):
                    done.append('markers')
                    return orig(*args, **kwargs)
                extensions.wrapfunction(revlog.parsers, 'parse_index2', parse)
                extensions.wrapfunction(revlog.revlog, 'computephases', phases)
                extensions.wrapfunction(obsolete, '_readmarkers', markers)
            def reposetup(ui, repo):
                del done[:]
            @command(b'preloaded', [], b'')
            def preloaded(ui, repo):
                repo.changelog
                ui.write(b'no' if 'parse' in done or 'phases' in done else b'yes')
            @command(b'knownmarkers', [], b'')
            def knownmarkers(ui, repo):
                repo.obsstore._all
                ui.write(b'no' if 'markers' in done else b'yes')
            @command(b'untouched', [], b'')
            def untouched(ui, repo):
                ui.write(b'no' if 'hgcmdserver.repositories' in sys.modules else b'yes')
            """;

    private final Path directory;
    private final Path home;

    /**
     * @param directory an empty directory of the test, for all files made here
     */
    KeptRepositories(Path directory) throws Exception {
        this.directory = directory;
        home = Files.createDirectory(directory.resolve("home"));
        enable("");
    }

    /**
     * Enables further extensions, given as lines of the section, for daemons started afterwards.
     */
    void enable(String extensions) throws Exception {
        Path probe = Files.writeString(directory.resolve("probe.py"), PROBE);
        Files.writeString(
                home.resolve(".hgrc"), "[extensions]\nshare=\nprobe=" + probe + "\n" + extensions);
    }

    Daemon start(String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(options));
        if (!all.contains("--max-repo-cache")) {
            all.addAll(List.of("--max-repo-cache", "4"));
        }
        return Prefork.start(directory, home, all.toArray(String[]::new));
    }

    /** A repository with enough revisions to be kept loaded, and with changesets of its own. */
    Repository large(String name) throws Exception {
        Repository repository = Repository.create(directory, name);
        repository.hg("debugbuilddag", "@" + name + " +1 @default +1199").succeeded();
        return repository;
    }

    static void configure(Repository repository, String more) throws Exception {
        Files.writeString(repository.path().resolve(".hg/hgrc"), "[ui]\nusername=t\n" + more);
    }

    /** The answer of a worker that the template forked ahead. */
    static String forked(Daemon daemon, String... arguments) throws Exception {
        try (Session hg = Session.to(daemon)) {
            assertThat(command(hg.pid())).contains(Prefork.FORKED);
            Session.Answer answer = hg.run(arguments);
            assertThat(answer.status()).as(answer.err()).isZero();
            return answer.out();
        }
    }

    static void use(Daemon daemon, Repository repository) throws Exception {
        forked(daemon, "log", "-R", repository.toString(), "-l1");
    }

    /** Which of the repositories one worker finds loaded; asking uses them, in this order. */
    static String preloaded(Daemon daemon, Repository... repositories) throws Exception {
        return ask(daemon, "preloaded", repositories);
    }

    static String ask(Daemon daemon, String command, Repository... repositories) throws Exception {
        StringBuilder answers = new StringBuilder();
        try (Session hg = Session.to(daemon)) {
            for (Repository repository : repositories) {
                Session.Answer answer = hg.run(command, "-R", repository.toString());
                assertThat(answer.status()).as(answer.err()).isZero();
                answers.append(answer.out()).append(' ');
            }
        }
        return answers.toString();
    }
}
