package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tools that start a command server of their own, unmodified: with the drop-in as their hg they get
 * the same answers from the daemon.
 */
class ToolsIT {

    /** Where packaging/check.sh installs npm's hg. */
    private static final Path NPM = Path.of("target/npm").toAbsolutePath();

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        LeftOut.unless(Chg.isThere(), "there is no " + Chg.PROGRAM);
        home = Files.createDirectory(directory.resolve("home"));
    }

    private Processes.Result run(Path socket, String... command) throws Exception {
        return Chg.runAt(socket, directory, home, command);
    }

    private static void printFigure(String tool, long plain, long served) {
        System.out.printf(
                "%s: %.1f s with plain hg, %.1f s with the drop-in%n",
                tool, plain / 1e9, served / 1e9);
    }

    private void copy(String name) throws Exception {
        try (InputStream resource = getClass().getResourceAsStream(name)) {
            Files.copy(resource, directory.resolve(Path.of(name).getFileName()));
        }
    }

    /** Debian's python-hglib: aliases, options, a prompt, an encoding, errors, a cancel. */
    @Test
    void toolThatStartsAServerOfItsOwnGetsTheSameAnswers() throws Exception {
        copy("dropin/tool.py");
        copy("chg/ask.py");
        Files.writeString(
                directory.resolve("own.rc"), "[alias]\nshout = log -T '{desc|upper}\\n'\n");
        Path repository = Repository.create(directory, "repository").path();
        Path original = repository.resolveSibling("original");
        Processes.run(repository, "sh", "-c", "echo a >a && hg commit -qAm 'the first' -d '0 0'")
                .succeeded();
        Files.writeString(repository.resolve(".hg/hgrc"), "[extensions]\nstrip =\n");
        Processes.run(directory, "mv", repository.toString(), original.toString()).succeeded();
        try (Daemon daemon = Daemon.start(directory)) {
            long began = System.nanoTime();
            String plain = tool(daemon, original, "hg");
            long ofPlain = System.nanoTime() - began;
            assertThat(plain).contains("THE FIRST", "hello somebody", "interrupted!");
            assertThat(tool(daemon, original, DropInIT.DROP_IN.toString())).isEqualTo(plain);
            if (Daemon.PREFORK) {
                String[] environments = {"HGPLAIN=1", "HGPLAINEXCEPT=alias"};
                await().until(() -> isServedWarm(daemon, environments));
                began = System.nanoTime();
                assertThat(tool(daemon, original, DropInIT.DROP_IN.toString()))
                        .as("by warm workers")
                        .isEqualTo(plain);
                printFigure("python-hglib", ofPlain, System.nanoTime() - began);
                assertThat(isServedWarm(daemon, environments)).isTrue();
            }
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    private String tool(Daemon daemon, Path original, String hg) throws Exception {
        String prepare = "rm -rf repository && cp -a \"$1\" repository";
        Processes.run(directory, "sh", "-c", prepare, "sh", original.toString()).succeeded();
        Path socket = daemon.address();
        return run(socket, "/usr/bin/python3", "tool.py", hg).succeeded().out();
    }

    /** Its extension, in a directory that is another one each time, may not fit this Mercurial. */
    @Test
    @RunsOnce
    void javaHgGetsTheSameAnswers() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            long began = System.nanoTime();
            String plain = javaHg(daemon, "hg", "plain");
            long ofPlain = System.nanoTime() - began;
            assertThat(plain).contains("+changed", "u é: the 2", "nosuch");
            began = System.nanoTime();
            assertThat(javaHg(daemon, DropInIT.DROP_IN.toString(), "served")).isEqualTo(plain);
            printFigure("JavaHg", ofPlain, System.nanoTime() - began);
            assertThat(daemon.log()).as("served").contains(" is for pid ");
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    private String javaHg(Daemon daemon, String hg, String name) throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        return run(
                        daemon.address(),
                        java.toString(),
                        "-cp",
                        absolute(System.getProperty("java.class.path")),
                        JavaHgProgram.class.getName(),
                        hg,
                        directory.resolve(name).toString())
                .succeeded()
                .out()
                .replace(name, "repository");
    }

    /** The program runs in another directory. */
    private static String absolute(String classPath) {
        return Arrays.stream(classPath.split(":"))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(":"));
    }

    private boolean isServedWarm(Daemon daemon, String... variables) throws Exception {
        List<String> all = new ArrayList<>(List.of("HOME=" + home));
        all.addAll(List.of(variables));
        return Chg.isForked(Chg.process(daemon, directory, all));
    }

    /** The session of a tool must not hold up the stop until the tool ends. */
    @Test
    void sessionOfAToolEndsWhenTheDaemonFinishes() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--drain", "finish")) {
            ProcessBuilder builder =
                    new ProcessBuilder(DropInIT.DROP_IN.toString(), "serve", "--cmdserver", "pipe");
            builder.environment().put("HG_CMDSERVER_SOCKET", daemon.address().toString());
            Process session = builder.directory(directory.toFile()).start();
            assertThat(session.getInputStream().read()).isEqualTo('o');
            assertThat(daemon.connections()).isEqualTo(1);
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isZero();
            assertThat(session.waitFor()).isZero();
        }
    }

    /** A server for each command, of the hg on PATH. */
    @Test
    @RunsOnce
    void npmsHgGetsTheSameAnswers() throws Exception {
        LeftOut.unless(
                Files.exists(NPM.resolve("node_modules/hg")),
                "npm's hg is not in target/npm; packaging/check.sh installs it");
        copy("dropin/tool.js");
        Path bin = Files.createDirectory(directory.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("hg"), DropInIT.DROP_IN);
        try (Daemon daemon = Daemon.start(directory)) {
            long began = System.nanoTime();
            String plain = npmsHg(daemon, System.getenv("PATH"));
            long ofPlain = System.nanoTime() - began;
            assertThat(plain).contains("the second", "abort: unknown revision", "v1");
            String path = bin + ":" + System.getenv("PATH");
            assertThat(npmsHg(daemon, path)).isEqualTo(plain);
            if (Daemon.PREFORK) {
                await().until(() -> isServedWarm(daemon, "HGENCODING=UTF-8"));
            }
            began = System.nanoTime();
            assertThat(npmsHg(daemon, path)).as("by warm workers").isEqualTo(plain);
            printFigure("npm's hg", ofPlain, System.nanoTime() - began);
            assertThat(daemon.log()).as("served").contains(" is for pid ");
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }

    private String npmsHg(Daemon daemon, String path) throws Exception {
        String make =
                "rm -rf repository && hg init repository && cd repository && echo a >a"
                        + " && hg commit -qAm 'the first' -u u -d '0 0'";
        Processes.run(directory, "sh", "-c", make).succeeded();
        String modules = "NODE_PATH=" + NPM.resolve("node_modules");
        return run(daemon.address(), "env", "PATH=" + path, modules, "node", "tool.js")
                .succeeded()
                .out();
    }
}
