package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The class-data archives with which the program's JVMs start faster. A copy of the program looks
 * for them in the test's directory.
 */
@RunsOnce
class StartArchiveIT {

    private static final String OPTION = "-XX:SharedArchiveFile=";

    private static final Path JAVAS = Path.of("/usr/lib/jvm");

    @TempDir Path directory;

    private Path cache;
    private String program;

    /** What each JVM of {@link #status} was started with. */
    private Path started;

    @BeforeEach
    void copyProgram() throws Exception {
        LeftOut.unless(
                System.getProperty("user.name").equals("root"),
                "only root can make an archive that is root's");
        cache = directory.resolve("a cache");
        started = directory.resolve("started");
        Path dist = directory.resolve("dist");
        Processes.run(directory, "cp", "-a", "" + Daemon.DIST, "" + dist).succeeded();
        Path launcher = dist.resolve("bin/hg-cmdserver");
        String script = Files.readString(launcher);
        assertThat(script).contains("system_cache=/var/cache/hg-cmdserver\n");
        Files.writeString(
                launcher,
                script.replace(
                        "system_cache=/var/cache/hg-cmdserver\n",
                        "system_cache='" + cache + "'\n"));
        program = launcher.toString();
    }

    private static Path java() {
        return ProcessHandle.current().info().command().map(Path::of).orElseThrow();
    }

    private Processes.Result make(Path java, String target) throws Exception {
        return Processes.run(
                directory,
                "env",
                "JAVA_HOME=" + java.getParent().getParent(),
                program,
                "class-archive",
                target);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(cache)) {
            return files.toList();
        }
    }

    private Path archive(String command) throws IOException {
        return files().stream()
                .filter(file -> file.getFileName().toString().startsWith(command + "-"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void daemonUsesItAlsoAfterAReload() throws Exception {
        make(java(), cache.toString()).succeeded();
        assertThat(files()).hasSize(2);
        Path address = directory.resolve("server.sock");
        List<String> command = List.of(program, "serve", "--address", address.toString());
        try (Daemon daemon =
                Daemon.launch(
                        directory,
                        address,
                        env -> env.put("HG_CMDSERVER_JAVA_OPTIONS", ""),
                        command)) {
            daemon.awaitLog("listening at ");
            assertThat(isMapped(daemon)).isTrue();
            ReloadIT.reload(daemon);
            assertThat(isMapped(daemon)).as("after a reload").isTrue();
            daemon.stop();
        }
    }

    /** What the daemon runs in a quiet time: see QuietProgramTest. */
    @Test
    void daemonWithoutOneKnowsWhereToMakeIt() throws Exception {
        Path home = Files.createDirectories(directory.resolve("a home"));
        Path own = home.resolve(".cache/hg-cmdserver");
        Path address = directory.resolve("server.sock");
        List<String> command = List.of(program, "serve", "--address", address.toString());
        try (Daemon daemon =
                Daemon.launch(
                        directory,
                        address,
                        env -> {
                            env.put("HG_CMDSERVER_JAVA_OPTIONS", "");
                            env.put("HOME", home.toString());
                        },
                        command)) {
            daemon.awaitLog("listening at ");
            assertThat(words(daemon)).contains("-Dhgcmdserver.archives=" + own);
            make(java(), own.toString()).succeeded();
            ReloadIT.reload(daemon);
            assertThat(words(daemon))
                    .anyMatch(word -> word.startsWith(OPTION + own))
                    .noneMatch(word -> word.startsWith("-Dhgcmdserver.archives="));
            daemon.stop();
        }
    }

    private static List<String> words(Daemon daemon) throws IOException {
        return List.of(Files.readString(Path.of("/proc/" + daemon.pid() + "/cmdline")).split("\0"));
    }

    private boolean isMapped(Daemon daemon) throws IOException {
        return Files.readString(Path.of("/proc/" + daemon.pid() + "/maps"))
                .contains(archive("serve").toString());
    }

    /** The JVM must not even see an archive that others can have made, or that would crash it. */
    @Test
    void archiveThatCannotBeTrustedIsNotUsed() throws Exception {
        make(java(), cache.toString()).succeeded();
        Path archive = archive("run");
        Path good = directory.resolve("good");
        Processes.run(directory, "cp", "-p", "" + archive, "" + good).succeeded();
        status();
        assertThat(Files.readString(started)).contains(OPTION + archive);

        String[] damages = {
            "rm \"$1\"",
            "truncate -s 1000000 \"$1\"",
            "touch \"$1\"",
            "mv \"$1\" \"${1%%-*}-0000000000000000-17.jsa\"",
            "mv \"$1\" ../elsewhere && ln -s ../elsewhere \"$1\"",
            "chmod g+w .",
            "chmod o+w .",
            "chown 1 .",
            "chmod g+w \"$1\"",
            "chown 1 \"$1\""
        };
        for (String damage : damages) {
            Processes.run(cache, "sh", "-c", "chmod 755 . && chown 0 . && rm -f *").succeeded();
            Processes.run(directory, "cp", "-p", "" + good, "" + archive).succeeded();
            Processes.run(cache, "sh", "-c", damage, "sh", "" + archive).succeeded();
            status();
            assertThat(Files.readString(started)).as(damage).doesNotContain(OPTION);
        }
    }

    @Test
    void archiveThatTheJvmRefusesCostsNoWord() throws Exception {
        make(java(), cache.toString()).succeeded();
        Path archive = archive("run");
        var time = Files.getLastModifiedTime(archive);
        try (FileChannel channel = FileChannel.open(archive, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[64])); // the header
        }
        Files.setLastModifiedTime(archive, time);
        status();
        assertThat(Files.readString(started)).contains(OPTION + archive);
    }

    /** Without a package, as another user than root; nobody else's is trusted. */
    @Test
    void userCanHaveTheirOwn() throws Exception {
        OtherUser.letInto(directory);
        Path home = Files.createDirectories(directory.resolve("a home"));
        Path own = home.resolve(".cache/hg-cmdserver");
        make(java(), own.toString()).succeeded();
        Path wrapper = wrapper("printf '%s\\n' \"$@\"; exit");
        String[] status = {
            "setpriv",
            "--reuid=" + OtherUser.NAME,
            "--regid=" + OtherUser.NAME,
            "--clear-groups",
            "env",
            "HOME=" + home,
            "JAVA_HOME=" + wrapper.getParent().getParent(),
            program,
            "status"
        };
        for (String owner : List.of("root", OtherUser.NAME)) {
            Processes.run(directory, "chown", "-R", owner, home.toString()).succeeded();
            Processes.Result result = Processes.run(directory, status);
            assertThat(result.out()).as(owner + result.err()).contains(OPTION + own);
        }
        // a relative place, which the specification ignores, and a name that would mean two
        // archives
        for (String place :
                List.of("XDG_CACHE_HOME=a home/.cache", "XDG_CACHE_HOME=" + home + "/:")) {
            List<String> command = new ArrayList<>(List.of(status));
            command.add(command.indexOf("HOME=" + home), place);
            Processes.run(home, "ln", "-sfn", ".cache", ":").succeeded();
            String out = Processes.run(directory, command.toArray(String[]::new)).out();
            assertThat(out).doesNotContain(OPTION + "a home").doesNotContain(":/hg-cmdserver");
        }
        Processes.run(directory, "chown", "-R", "bin", home.toString()).succeeded();
        assertThat(Processes.run(directory, status).out()).doesNotContain(OPTION);
    }

    @Test
    void eachJavaHasItsOwn() throws Exception {
        Path other = otherJava();
        LeftOut.unless(other != null, "there is no other Java in " + JAVAS);
        make(other, cache.toString()).succeeded();
        status();
        assertThat(Files.readString(started)).doesNotContain(OPTION);
        make(java(), cache.toString()).succeeded();
        status();
        assertThat(Files.readString(started)).contains(OPTION + archive("run"));
        assertThat(files()).as("the other's are gone").hasSize(2);
    }

    private static Path otherJava() throws IOException {
        String version = System.getProperty("java.version");
        try (Stream<Path> javas = Files.list(JAVAS)) {
            for (Path java : javas.toList()) {
                Path release = java.resolve("release");
                if (Files.exists(release)
                        && !Files.readString(release).contains("\"" + version + "\"")) {
                    return java.resolve("bin/java");
                }
            }
        }
        return null;
    }

    @Test
    void archiveThatTheJvmDoesNotAcceptIsNotKept() throws Exception {
        Path picky = wrapper("case \" $* \" in *' -Xshare:on '*) echo no; exit 1 ;; esac");
        Processes.Result result = make(picky, cache.toString());
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).hasLineCount(1).contains("makes no class-data archive");
        assertThat(files()).isEmpty();
        result = make(java(), "relative");
        assertThat(result.status()).isEqualTo(64);
        assertThat(result.err()).hasLineCount(1).contains("absolute path");
    }

    @Test
    void interruptionLeavesNothing() throws Exception {
        Process maker =
                new ProcessBuilder(program, "class-archive", cache.toString())
                        .directory(directory.toFile())
                        .start();
        await().until(() -> Files.isDirectory(cache) && !files().isEmpty());
        Path work = files().get(0);
        await().until(() -> !Processes.withVariable("TMPDIR=" + work).isEmpty());
        List<Long> scripts = Processes.children(maker.pid());
        assertThat(scripts).hasSize(1);
        Processes.signal(scripts.get(0), "TERM");
        assertThat(maker.waitFor()).isEqualTo(1);
        assertThat(files()).isEmpty();
        await().until(() -> Processes.withVariable("TMPDIR=" + work).isEmpty());
    }

    /** A java that runs a command first. */
    private Path wrapper(String first) throws Exception {
        Path home = directory.resolve("home");
        Path wrapper = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(wrapper, "#!/bin/sh\n%s\nexec '%s' \"$@\"\n".formatted(first, java()));
        assertThat(wrapper.toFile().setExecutable(true, false)).isTrue();
        Path release = java().resolveSibling("../release").normalize();
        Files.writeString(home.resolve("release"), Files.readString(release));
        return wrapper;
    }

    /** Runs a short command, which says what it says without an archive, and nothing else. */
    private void status() throws Exception {
        Path wrapper = wrapper("printf '%%s\\n' \"$@\" >'%s'".formatted(started));
        List<String> command = new ArrayList<>(List.of("env"));
        command.add("JAVA_HOME=" + wrapper.getParent().getParent());
        command.addAll(List.of(program, "status", "--address", directory + "/none"));
        Processes.Result result = Processes.run(directory, command.toArray(String[]::new));
        assertThat(result.status()).isEqualTo(3);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).hasLineCount(1).contains("no server is there");
    }
}
