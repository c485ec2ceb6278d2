package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Configurations that a template for chg has loaded with their extensions: a command notices
 * nothing of that, but is faster. A command has got such a configuration if no process has opened
 * the file while it ran.
 */
@Timeout(300)
class PreloadedIT {

    private static final String CHG = Chg.PROGRAM.toString();

    @TempDir Path directory;
    private Path home;
    private Repository repository;
    private Daemon daemon;

    @BeforeEach
    void prepare() throws Exception {
        LeftOut.unless(Chg.isThere(), "there is no " + CHG);
        home = Files.createDirectory(directory.resolve("home"));
        for (String name : List.of("compare.py", "observe.py", "opened.py")) {
            try (InputStream resource = getClass().getResourceAsStream("preloaded/" + name)) {
                Files.copy(resource, directory.resolve(name));
            }
        }
    }

    private void startWith(String configuration) throws Exception {
        repository = Repository.create(directory, "repository");
        configure(configuration);
        daemon = Daemon.start(directory);
    }

    private void configure(String configuration) throws Exception {
        Files.writeString(hgrc(), "[extensions]\nshow =\nextdiff =\n" + configuration);
    }

    private Path hgrc() {
        return home.resolve(".hgrc");
    }

    private Processes.Result run(String program, List<String> variables, String... arguments)
            throws Exception {
        List<String> all = new ArrayList<>(List.of("env", "HOME=" + home, "LANG=C.UTF-8"));
        all.add("CHGSOCKNAME=" + daemon.address());
        all.add("PWD=" + repository.path());
        all.addAll(variables);
        all.add(program);
        all.addAll(List.of(arguments));
        return Processes.run(repository.path(), all.toArray(String[]::new));
    }

    /** What both print. */
    private String same(List<String> variables, String... arguments) throws Exception {
        Processes.Result plain = run("hg", variables, arguments);
        assertThat(run(CHG, variables, arguments)).isEqualTo(plain);
        return plain.out();
    }

    private boolean isAhead(String... options) throws Exception {
        return isAheadWith(List.of(), options);
    }

    private boolean isAheadWith(List<String> variables, String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.addAll(List.of(directory.resolve("opened.py").toString(), hgrc().toString(), CHG));
        command.add("root");
        command.addAll(List.of(options));
        String out = run("/usr/bin/python3", variables, command.toArray(String[]::new)).out();
        assertThat(out).as("%s", command).containsPattern("\n(ahead|later)\n$");
        return out.endsWith("\nahead\n");
    }

    private void awaitAhead() {
        await().until(this::isAhead);
    }

    @Test
    @RunsOnce
    void randomCommandsAreAsWithPlainHg() throws Exception {
        try (Daemon server = Daemon.start(directory)) {
            String[] command = {"/usr/bin/python3", "compare.py", directory.toString()};
            List<String> all = new ArrayList<>(List.of(command));
            String seed = System.getProperty("seed", "1");
            all.addAll(List.of(server.address().toString(), seed, "2", "12"));
            String out = Processes.run(directory, all.toArray(String[]::new)).succeeded().out();
            Matcher last = Pattern.compile("served 24, of these (\\d+) ahead\n").matcher(out);
            assertThat(last.matches()).as("seed %s:\n%s", seed, out).isTrue();
            assertThat(Integer.parseInt(last.group(1))).as("seed %s", seed).isPositive();
            server.stop();
        }
    }

    @Test
    @RunsOnce
    void whatLoadingLookedAtIsCompared() throws Exception {
        startWith("[commands]\nshow.aliasprefix = s\n%include ${FOO}here.rc\n");
        try {
            awaitAhead();
            assertThat(same(List.of(), "sbookmarks")).contains("no bookmarks");
            await().alias("a section that loading does not read")
                    .until(() -> isAhead("--config", "x.z=5"));
            assertThat(same(List.of(), "config", "x.z", "--config", "x.z=5")).isEqualTo("5\n");
            assertThat(same(List.of(), "sbookmarks", "--config", "commands.show.aliasprefix=t"))
                    .isEmpty();
            assertThat(same(List.of(), "tbookmarks", "--config", "commands.show.aliasprefix=t"))
                    .contains("no bookmarks");
            assertThat(same(List.of(), "help", "one", "--config", "extdiff.cmd.one=echo"))
                    .contains("echo");
            await().alias("after a command with another command line").until(this::isAhead);

            Files.writeString(home.resolve("barhere.rc"), "[x]\nz = bar\n");
            assertThat(same(List.of("FOO=bar"), "config", "x.z")).isEqualTo("bar\n");
            assertThat(same(List.of(), "config", "x.z")).isEmpty();
            Path own = repository.path().resolve(".hg/hgrc");
            Files.writeString(own, "[extdiff]\ncmd.one = echo\n");
            List<String> elsewhere = List.of("PWD=/elsewhere"); // the later commands' is another
            assertThat(same(elsewhere, "help", "one")).contains("echo");
            Files.writeString(own, "");
            assertThat(same(elsewhere, "help", "one")).doesNotContain("echo");
            assertThat(isAheadWith(elsewhere))
                    .as("in a directory that has had a configuration of its own")
                    .isFalse();
            awaitAhead();

            Files.writeString(home.resolve("${FOO}here.rc"), "[x]\nz = here\n");
            assertThat(same(List.of(), "config", "x.z")).isEqualTo("here\n");
            awaitAhead();
            assertThat(same(List.of(), "config", "x.z")).isEqualTo("here\n");
            configure("[x]\nz = 9\n[alias]\nseen = config x.z\n");
            assertThat(same(List.of(), "seen")).isEqualTo("9\n");
            awaitAhead();
            assertThat(same(List.of(), "seen")).isEqualTo("9\n");
            daemon.stop();
        } finally {
            daemon.close();
        }
    }

    /** But for times and pids. */
    @Test
    @RunsOnce
    void loggerOfAnExtensionLogsTheSame() throws Exception {
        startWith("blackbox =\n[blackbox]\nignore =\nlogsource = yes\n");
        try {
            awaitAhead();
            String plain = logged("hg");
            assertThat(plain).contains("[command]> id -T", "[commandfinish]");
            assertThat(logged(CHG)).isEqualTo(plain);
            assertThat(isAhead()).isTrue();
            daemon.stop();
        } finally {
            daemon.close();
        }
    }

    private String logged(String program) throws Exception {
        Path log = repository.path().resolve(".hg/blackbox.log");
        Files.deleteIfExists(log);
        run(program, List.of(), "id", "-T", "{rev}").succeeded();
        return Files.readString(log)
                .replaceAll("(?m)^[-0-9]+ [:.0-9]+ ", "")
                .replaceAll("\\([0-9]+\\)", "(pid)")
                .replaceAll("(took|after) [0-9.]+", "$1")
                .replaceAll("(?m)took [a-z]+$", "took");
    }

    /** Mercurial warns before it is known that another process must run the command. */
    @Test
    @RunsOnce
    void warningsComeOnce() throws Exception {
        LeftOut.unless(Chg.isRoot(), "only root can make another user's file");
        startWith("");
        try {
            awaitAhead();
            Path hgrc = repository.path().resolve(".hg/hgrc");
            Files.writeString(hgrc, "[extensions]\npurge =\n[paths]\nx = a%%b\n");
            same(List.of(), "id");
            same(List.of("PWD=/other"), "id", "--debug");
            Files.setAttribute(hgrc, "unix:uid", 54321);
            Processes.Result plain = run("hg", List.of("PWD=/another"), "id");
            assertThat(plain.err()).contains("not trusting file");
            assertThat(run(CHG, List.of("PWD=/another"), "id")).isEqualTo(plain);
            assertThat(run(CHG, List.of("PWD=/another"), "id")).isEqualTo(plain);
            Files.writeString(hgrc, "[profiling]\nenabled = 1\n");
            Files.setAttribute(hgrc, "unix:uid", 54321);
            String both = "exec \"$0\" --debug id 2>&1";
            Processes.Result order = run("sh", List.of("PWD=/order"), "-c", both, "hg");
            assertThat(order.out()).contains("ignoring untrusted");
            assertThat(run("sh", List.of("PWD=/order"), "-c", both, CHG)).isEqualTo(order);
            Files.writeString(hgrc, "nonsense\n");
            same(List.of("PWD=/last"), "id");
            daemon.stop();
        } finally {
            daemon.close();
        }
    }

    /** What Mercurial looks for before it loads extensions is not there. */
    @Test
    @RunsOnce
    void extensionsAreNotThereTooEarly() throws Exception {
        startWith("[extdiff]\nsevenzip = diff\n");
        try {
            awaitAhead();
            Processes.Result plain = run("hg", List.of(), "se", "--stdio");
            assertThat(plain.err()).contains("unsafe");
            assertThat(run(CHG, List.of(), "se", "--stdio")).isEqualTo(plain);
            assertThat(run(CHG, List.of(), "se").err()).isEqualTo(run("hg", List.of(), "se").err());
            awaitAhead();
            same(List.of("PWD=/early"), "-R", "nowhere", "id");
            same(List.of("PWD=/early"), "--cwd", "nowhere", "id");
            same(List.of("PWD=/early"), "--config", "nonsense", "id");
            daemon.stop();
        } finally {
            daemon.close();
        }
    }

    /** But a command that the user has interrupted, which no other process must run. */
    @Test
    @RunsOnce
    void whatIsSaidTooEarlyIsForANewProcess() throws Exception {
        String script =
                """
                import io, sys
                sys.path.append(sys.argv[1])
                from hgcmdserver import preloaded
                out = io.BytesIO()
                stream = preloaded._silent(out, lambda directory: sys.exit('new process'))
                stream.write(b'')
                try:
                    raise KeyboardInterrupt
                except KeyboardInterrupt:
                    stream.write(b'interrupted!')
                print(out.getvalue().decode(), flush=True)
                stream.write(b'warning')
                """;
        String library = Daemon.DIST.resolve("lib/python").toString();
        Processes.Result result =
                Processes.run(directory, "/usr/bin/python3", "-c", script, library);
        assertThat(result.out()).isEqualTo("interrupted!\n");
        assertThat(result.err()).isEqualTo("new process\n");
    }

    @Test
    @RunsOnce
    void extensionsAppearWhenACommandWouldLoadThem() throws Exception {
        String script =
                """
                import sys
                sys.path[0] = sys.argv[1]
                sys.argv[:] = ['/usr/bin/hg', 'root']
                import hgdemandimport
                hgdemandimport.enable()
                from mercurial import commands, dispatch, extensions, localrepo, ui as uimod
                from hgcmdserver import preloaded
                dispatch.dispatch, commands.table, localrepo.localrepository  # no longer lazy
                def look(*uis):
                    streams = [s for u in uis for s in (u.fout, u.ferr, u._fmsgout, u._fmsgerr)]
                    names = [name.decode() for name, _module in extensions.extensions()]
                    print(names, {isinstance(s, preloaded._silent) for s in streams})
                loaded = preloaded.preloaded()
                loaded.observe()
                loaded.load()
                loaded.take(uimod.ui, lambda directory: sys.exit('new process'))
                ui = uimod.ui.load()
                lui = ui.copy()
                look(ui, lui)
                extensions.loadall(lui)
                look(ui, lui)
                """;
        configure("");
        String library = Daemon.DIST.resolve("lib/python").toString();
        String[] command = {"env", "HGRCPATH=" + hgrc(), "/usr/bin/python3", "-c", script, library};
        assertThat(Processes.run(directory, command).succeeded().out())
                .isEqualTo("[] {True}\n['show', 'extdiff'] {False}\n");
    }

    /**
     * Each is something that a later command could notice, or that differs from client to client.
     */
    @Test
    @RunsOnce
    void loadingIsObserved() throws Exception {
        String[][] observed = {
            {"import os; os.getpid()", "it calls getpid()"},
            {"import os; os.getcwd()", "it calls getcwd()"},
            {"import os; os.environ['A'] = 'b'", "it does what Python calls os.putenv"},
            {"import os; dict(os.environ)", "it looks at the whole environment"},
            {"import os; os.environ.get('PWD')", "it looks at the variable PWD"},
            {
                "import os; os.path.exists('here')",
                "it looks at a path without a directory, b'here'"
            },
            {"import sys; len(sys.argv)", "it calls sys.argv()"},
            {"import sys; sys.stdout.isatty()", "it calls isatty()"},
            {
                "import subprocess; subprocess.call('true')",
                "it does what Python calls subprocess.Popen"
            },
            {"import socket; socket.socket()", "it does what Python calls socket.__new__"},
            {
                "import signal; signal.signal(10, 1)",
                "it leaves other signal handlers in the process"
            },
            {"ui.kept = 'something'", "it changes more than items of the ui"},
            {"import os; os.open('/', 0)", "it leaves other descriptors in the process"},
            {
                "import atexit; atexit.register(print)",
                "it has a function called at the end of the process"
            },
            {"open('/dev/null', 'w')", "it writes to '/dev/null'"},
            {"open('/proc/self/stat')", "it looks at b'/proc/self/stat'"},
            {"print('loaded')", "it prints something"},
            {"raise SystemExit(3)", "it ends the process with the status 3"},
            {"ui.copy()", "it calls ui.copy()"},
            {"list(ui.walkconfig())", "it reads the whole configuration"},
            {
                "ui.__class__ = type('u', (ui.__class__,), {})",
                "it changes more than items of the ui"
            },
            {
                "ui._tcfg.set(b'x', b'y', b'')",
                "it changes the configuration other than by setconfig()"
            },
            {"pass", "[] [] [] [b'extensions']"},
            {
                "import os; os.environ.get('A'); 'B' in os.environ",
                "[b'A', b'B'] [] [] [b'extensions']"
            },
            {"import os; os.access('/no/file', 4)", "[] [b'/no/file'] [] [b'extensions']"},
            {"ui.config(b'x', b'y', b'')", "[] [] [b'y'] [b'devel', b'extensions', b'x']"},
            {"ui.configitems(b'x')", "[] [] ['all'] [b'extensions', b'x']"},
            {"ui.setconfig(b'x', b'y', b'')", "[] [] [] [b'extensions', b'ui']"},
            {"ui.note(b'said')", "[] [] [] [b'extensions', b'ui']"},
        };
        List<String> lines = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (String[] each : observed) {
            lines.add(each[0]);
            expected.add(each[1]);
        }
        Files.write(directory.resolve("input"), lines);
        String library = Daemon.DIST.resolve("lib/python").toString();
        String command = "/usr/bin/python3 observe.py '%s' \"$PWD\" <input".formatted(library);
        String out = Processes.run(directory, "sh", "-c", command).succeeded().out();
        assertThat(out.lines()).containsExactlyElementsOf(expected);
    }

    /** Nobody but a command runs an extension that is not Mercurial's own. */
    @Test
    @RunsOnce
    void configurationThatIsNotLoadedAhead() throws Exception {
        Path extension = directory.resolve("extension.py");
        Path loads = directory.resolve("loads");
        Files.writeString(extension, "open('%s', 'a').write('x')\n".formatted(loads));
        startWith("extension = " + extension + "\n");
        try {
            int[] commands = {0};
            await().until(
                            () -> {
                                commands[0]++;
                                same(List.of(), "id");
                                return daemon.log().contains("it has the extension extension\n");
                            });
            commands[0]++;
            assertThat(same(List.of(), "root")).contains(repository.path().toString());
            assertThat(Files.readString(loads)).isEqualTo("x".repeat(2 * commands[0]));
            assertThat(isAhead()).isFalse();
            configure("");
            awaitAhead();
            daemon.stop();
        } finally {
            daemon.close();
        }
    }
}
