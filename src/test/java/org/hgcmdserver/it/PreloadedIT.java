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
 * Off by default: configurations that a template for chg has loaded with their extensions: a
 * command notices nothing of that, but is faster.
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
        for (String name :
                List.of("ahead.py", "compare.py", "keeps.py", "observe.py", "reads.py")) {
            try (InputStream resource = getClass().getResourceAsStream("preloaded/" + name)) {
                Files.copy(resource, directory.resolve(name));
            }
        }
    }

    /** A daemon in which what is off so far is on. */
    private Daemon start() throws Exception {
        String option = "-Dhgcmdserver.preload=true";
        return Daemon.start(
                directory, environment -> environment.put("HG_CMDSERVER_JAVA_OPTIONS", option));
    }

    private void startWith(String configuration) throws Exception {
        repository = Repository.create(directory, "repository");
        configure(configuration);
        daemon = start();
    }

    private void configure(String configuration) throws Exception {
        String ahead = "[extensions]\nahead = " + directory.resolve("ahead.py") + "\n";
        Files.writeString(home.resolve(".hgrc"), ahead + configuration);
    }

    private Processes.Result run(String program, List<String> variables, String... arguments)
            throws Exception {
        List<String> all = new ArrayList<>(List.of("env", "HOME=" + home));
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
        return run(CHG, List.of(), ahead(options)).out().equals("ahead\n");
    }

    /** A command that says "ahead" if its extension was loaded before now, else "later". */
    private static String[] ahead(String... options) {
        List<String> command = new ArrayList<>(List.of(options));
        command.addAll(List.of("ahead", String.valueOf(System.currentTimeMillis() / 1000.0)));
        return command.toArray(String[]::new);
    }

    private void awaitAhead() {
        await().until(this::isAhead);
    }

    @Test
    @RunsOnce
    void randomCommandsAreAsWithPlainHg() throws Exception {
        try (Daemon server = start()) {
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
        Path reads = directory.resolve("reads.py");
        startWith("reads = " + reads + "\nkeeps = " + directory.resolve("keeps.py") + "\n");
        try {
            awaitAhead();
            assertThat(same(List.of(), "seen")).isEqualTo("-  - - -\n");
            assertThat(same(List.of(), "kept", "-v", "--config", "x.y=5")).contains("5 - 1 0 0");
            await().alias("a section that loading did not read")
                    .until(() -> isAhead("--config", "y.y=5"));
            assertThat(same(List.of(), "said")).isEmpty(); // an alias that the extension sets
            awaitAhead();

            assertThat(same(List.of("FOO=bar"), "seen")).isEqualTo("-  - bar -\n");
            assertThat(same(List.of(), "seen", "--config", "x.z=3")).startsWith("3 ");
            assertThat(same(List.of(), "seen", "--config", "things.a=1")).contains("a=1");
            assertThat(same(List.of(), "seen", "-v")).contains("verbose");
            await().alias("after a command with another command line").until(() -> isAhead());
            Path hgrc = repository.path().resolve(".hg/hgrc");
            Files.writeString(hgrc, "[x]\nz = 7\n");
            List<String> elsewhere = List.of("PWD=/elsewhere"); // the later commands' is another
            assertThat(same(elsewhere, "seen")).startsWith("7 ");
            Files.writeString(hgrc, "");
            assertThat(same(elsewhere, "seen")).isEqualTo("-  - - -\n");
            assertThat(run(CHG, elsewhere, ahead()).out())
                    .as("in a directory that has had a configuration of its own")
                    .isEqualTo("later\n");

            Files.createFile(directory.resolve("flag"));
            assertThat(same(List.of(), "seen")).isEqualTo("-  - - flag\n");
            awaitAhead();
            assertThat(same(List.of(), "seen")).isEqualTo("-  - - flag\n");
            Files.writeString(reads, Files.readString(reads).replace("'%s\\n'", "'now %s\\n'"));
            assertThat(same(List.of(), "seen")).startsWith("now ");
            awaitAhead();
            assertThat(same(List.of(), "seen")).startsWith("now ");
            configure("[x]\nz = 9\n[alias]\nseen = config x.z\n");
            assertThat(same(List.of(), "seen")).isEqualTo("9\n");
            awaitAhead();
            assertThat(same(List.of(), "seen")).isEqualTo("9\n");
            daemon.stop();
        } finally {
            daemon.close();
        }
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
            Files.writeString(hgrc, "nonsense\n");
            same(List.of("PWD=/last"), "id");
            daemon.stop();
        } finally {
            daemon.close();
        }
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

    /** The commands load such a configuration, and the next one is loaded ahead. */
    @Test
    @RunsOnce
    void configurationThatIsNotLoadedAhead() throws Exception {
        Path extension = directory.resolve("extension.py");
        Files.writeString(extension, "import os\nos.getpid()\n");
        startWith("extension = " + extension + "\n");
        try {
            await().until(
                            () -> {
                                same(List.of(), "id");
                                return daemon.log().contains(extension + " calls getpid()");
                            });
            assertThat(isAhead()).isFalse();
            assertThat(same(List.of(), "root")).contains(repository.path().toString());
            Files.writeString(extension, "");
            awaitAhead();
            daemon.stop();
        } finally {
            daemon.close();
        }
    }
}
