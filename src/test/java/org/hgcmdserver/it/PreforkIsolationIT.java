package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The programs in a user's configuration run for the user's commands, not for the daemon's warm-up.
 * Each program of the one configuration leaves a file with its name.
 */
class PreforkIsolationIT {

    /** %s is the directory of the programs. */
    private static final String CONFIGURATION =
            """
            [ui]
            username = Tester <t@example.org>
            editor = %1$s/editor
            merge = mine
            ssh = %1$s/ssh
            patch = %1$s/patch
            formatted = yes
            logtemplate = {extdata("x")}{rev}\\n
            [pager]
            pager = %1$s/pager
            [extensions]
            logtoprocess =
            blackbox =
            extdiff =
            fsmonitor =
            gpg =
            hgk =
            mq =
            notify =
            patchbomb =
            own = %1$s/own.py
            [blackbox]
            track = *
            [cmdserver]
            log = %1$s/cmdserver.log
            track-log = *
            [logtoprocess]
            command = %1$s/logger
            commandfinish = %1$s/logger
            commandalias = %1$s/logger
            extension = %1$s/logger
            uiblocked = %1$s/logger
            [hooks]
            commit = %1$s/hook
            pretxncommit = %1$s/hook
            txnclose = %1$s/hook
            update = %1$s/hook
            update.python = python:%1$s/own.py:hook
            post-identify = %1$s/hook
            pre-serve = %1$s/hook
            post-serve = %1$s/hook
            pre-log = %1$s/hook
            post-status = %1$s/hook
            incoming.notify = python:hgext.notify.hook
            [alias]
            log = !%1$s/alias
            status = !%1$s/alias
            version = !%1$s/alias
            add = !%1$s/alias
            update = !%1$s/alias
            init = !%1$s/alias
            short = !%1$s/alias
            [defaults]
            log = --config hooks.post-log=%1$s/defaults
            [email]
            method = %1$s/mail
            [encode]
            ** = %1$s/encode
            [decode]
            ** = %1$s/decode
            [extdiff]
            cmd.mydiff = %1$s/extdiff
            [diff-tools]
            mydiff.diffargs = -x
            [merge-tools]
            mine.executable = %1$s/merge
            mine.priority = 100
            [fsmonitor]
            watchman_exe = %1$s/watchman
            [gpg]
            cmd = %1$s/gpg
            [extdata]
            x = shell:%1$s/extdata
            [worker]
            numcpus = 4
            """;

    /** An extension with programs that no configuration can name. */
    private static final String OWN =
            """
            import subprocess
            from mercurial import commands, extensions, logcmdutil
            def run(name):
                subprocess.call(['%1$s/' + name])
            def hook(**kwargs):
                run('pythonhook')
            class logger:
                def tracked(self, event):
                    return True
                def log(self, ui, event, msg, opts):
                    run('uipopulate')
            def uipopulate(ui):
                ui.setlogger(b'own', logger())
            def reposetup(ui, repo):
                run('reposetup')
            def extsetup(ui):
                def identify(orig, *args, **kwargs):
                    run('wrapper')
                    return orig(*args, **kwargs)
                extensions.wrapcommand(commands.table, b'identify', identify)
                def getrevs(orig, *args, **kwargs):
                    try:
                        run('internals')
                    except OSError:
                        pass
                    return orig(*args, **kwargs)
                extensions.wrapfunction(logcmdutil, 'getrevs', getrevs)
            """;

    @TempDir Path directory;

    @Test
    void programsOfTheUsersRunForClientsOnly() throws Exception {
        Path home = Files.createDirectory(directory.resolve("home"));
        Path programs = Files.createDirectory(directory.resolve("programs"));
        Path ran = Files.createDirectory(directory.resolve("ran"));
        Path ranForHg = Files.createDirectory(directory.resolve("ran-for-hg"));
        String configuration = CONFIGURATION.formatted(programs);
        Matcher names =
                Pattern.compile(programs + "/(\\w+)$", Pattern.MULTILINE).matcher(configuration);
        while (names.find()) {
            program(programs.resolve(names.group(1)));
        }
        for (String name :
                List.of(
                        "internals",
                        "uipopulate",
                        "reposetup",
                        "wrapper",
                        "pythonhook",
                        "defaults")) {
            program(programs.resolve(name));
        }
        Files.writeString(programs.resolve("own.py"), OWN.formatted(programs));
        Rehearsals rehearsals = new Rehearsals(directory);
        Files.writeString(
                home.resolve(".hgrc"),
                configuration + "[extensions]\n" + rehearsals.extension + "\n");
        Consumer<Map<String, String>> environment =
                env -> {
                    Prefork.inHome(home).accept(env);
                    env.put("HGPLAIN", "1");
                    env.put("HGPLAINEXCEPT", "alias");
                    env.put("EDITOR", programs.resolve("editor").toString());
                    env.put("RAN", ran.toString());
                };
        Path first = createRepository("first");
        Path second = createRepository("second");
        Set<String> forHg = new TreeSet<>();
        try (Daemon daemon = Daemon.start(directory, environment, "--workers", "prefork")) {
            daemon.awaitLog(Prefork.READY);
            rehearsals.await(daemon);
            Prefork.awaitIdle(daemon, 2);
            assertThat(names(ran)).as("before any client").isEmpty();
            assertThat(programs.resolve("cmdserver.log")).doesNotExist();
            assertThat(daemon.log()).doesNotContain(" warn ");
            for (String[] command : commands()) {
                hg(first, home, ranForHg, programs, command);
                try (Session hg = Session.to(daemon)) {
                    assertThat(Prefork.command(hg.pid())).contains(Prefork.FORKED);
                    List<String> all = new ArrayList<>(List.of("--cwd", second.toString()));
                    all.addAll(List.of(command));
                    hg.run(all.toArray(String[]::new));
                } catch (java.io.IOException e) {
                    throw new AssertionError(String.join(" ", command) + daemon.log(), e);
                }
                // background programs need time
                await().untilAsserted(
                                () ->
                                        assertThat(names(ran))
                                                .as("%s", (Object) command)
                                                .isEqualTo(names(ranForHg)));
            }
            forHg.addAll(names(ranForHg));
            assertThat(programs.resolve("cmdserver.log")).isNotEmptyFile();
            daemon.stop();
        }
        assertThat(forHg)
                .contains(
                        "alias",
                        "decode",
                        "editor",
                        "encode",
                        "extdata",
                        "extdiff",
                        "hook",
                        "internals",
                        "logger",
                        "pythonhook",
                        "reposetup",
                        "ssh",
                        "uipopulate",
                        "wrapper");
    }

    private static List<String[]> commands() {
        return List.of(
                new String[] {"log", "-l1"},
                new String[] {"short"},
                new String[] {"history", "-l1"},
                new String[] {"identify"},
                new String[] {"heads", "-T", "{extdata('x')}"},
                new String[] {"mydiff", "-c", "."},
                new String[] {"commit"},
                new String[] {"commit", "-m", "m"},
                new String[] {"cat", "--decode", "a"},
                new String[] {"checkout", "--clean", "0"},
                new String[] {"identify", "ssh://example.invalid/x"});
    }

    private static Set<String> names(Path directory) {
        return new TreeSet<>(List.of(directory.toFile().list()));
    }

    private static void program(Path path) throws Exception {
        Files.writeString(path, "#!/bin/sh\n: >>\"$RAN/${0##*/}\"\n[ \"${0##*/}\" != watchman ]\n");
        assertThat(path.toFile().setExecutable(true)).isTrue();
    }

    /** A repository with an uncommitted change. */
    private Path createRepository(String name) throws Exception {
        Repository repository = Repository.create(directory, name).commit("a", "x", "m");
        Path path = Path.of(repository.toString());
        Files.writeString(path.resolve("a"), "y");
        return path;
    }

    private static void hg(Path repository, Path home, Path ran, Path programs, String... command)
            throws Exception {
        List<String> all =
                new ArrayList<>(List.of("env", "-u", "HGRCPATH", "-u", "XDG_CONFIG_HOME"));
        all.addAll(List.of("HOME=" + home, "HGPLAIN=1", "HGPLAINEXCEPT=alias", "RAN=" + ran));
        all.addAll(List.of("EDITOR=" + programs.resolve("editor"), "HGENCODING=UTF-8", "hg"));
        all.addAll(List.of("--config", "ui.interactive=no"));
        all.addAll(List.of(command));
        Processes.run(repository, all.toArray(String[]::new));
    }
}
