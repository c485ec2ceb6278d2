package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher does before it becomes a JVM, which is a script here. */
@RunsOnce
class LauncherIT {

    @TempDir Path temporary;
    private Path directory;
    private Path java;

    @BeforeEach
    void createJava() throws Exception {
        directory = temporary.toRealPath();
        java = Files.createDirectories(directory.resolve("jvm/17/bin")).resolve("java");
        program(java, "#!/bin/sh\n");
        Files.writeString(directory.resolve("jvm/17/release"), "JAVA_VERSION=\"17.0.1\"\n");
    }

    @Test
    void nothingStartsBeforeTheJvm() throws Exception {
        Path launcher = Path.of(Daemon.PROGRAM).toRealPath();
        startsOnlyTheJvm(launcher, java, "JAVA_HOME=" + directory.resolve("jvm/17"));
    }

    /** The packages have a link to the launcher, and distributions have links to Java. */
    @Test
    void nothingStartsBeforeTheJvmWhereTheProgramsAreLinks() throws Exception {
        Path installed = directory.resolve("share/hg-cmdserver");
        Files.createDirectories(installed);
        Processes.run(directory, "cp", "-r", Daemon.DIST + "/lib", installed.toString())
                .succeeded();
        String script = Files.readString(Path.of(Daemon.PROGRAM));
        Path target = Files.createDirectories(installed.resolve("bin")).resolve("hg-cmdserver");
        program(
                target,
                script.replace("/usr/share/hg-cmdserver/", installed + "/")
                        .replace("/usr/lib/jvm/", directory + "/jvm/"));
        Path bin = Files.createDirectories(directory.resolve("usr/bin"));
        Path launcher = bin.resolve("hg-cmdserver");
        Files.createSymbolicLink(
                launcher, Path.of("../../share/hg-cmdserver").resolve("bin/hg-cmdserver"));
        Files.createSymbolicLink(bin.resolve("java"), bin.resolve("alternative"));
        Files.createSymbolicLink(bin.resolve("alternative"), java);
        startsOnlyTheJvm(launcher, bin.resolve("java"), "PATH=" + bin + ":/usr/bin:/bin");
    }

    private void startsOnlyTheJvm(Path launcher, Path jvm, String variable) throws Exception {
        Calls.leaveOutUnlessTraceable(directory);
        LeftOut.unless(
                Files.exists(Path.of("/proc/sys/kernel/arch")),
                "uname prints the machine before Linux 6.1");
        Path env = Path.of("/usr/bin/env");
        LeftOut.unless(
                Files.exists(env.resolveSibling("basenc")) && !Files.isSymbolicLink(env),
                "only a trial shows that this env can block signals");
        for (String locale : List.of("LC_ALL=", "LANG=C.UTF-8")) {
            List<String> environment = List.of("PATH=/usr/bin:/bin", variable, locale);
            assertThat(Calls.of(directory, environment, launcher.toString(), "serve"))
                    .as(locale)
                    .containsExactly("execve " + launcher, "execve " + env, "execve " + jvm);
        }
    }

    /** A JVM would open its own files there, which workers would then have as stdin or stderr. */
    @Test
    void closedDescriptorsAreReplaced() throws Exception {
        program(java, "#!/bin/sh\nreadlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 >open\n:\n");
        for (String closed : List.of("<&-", ">&-", "2>&-", "<&- >&- 2>&-")) {
            Processes.run(
                            directory,
                            "env",
                            "JAVA_HOME=" + directory.resolve("jvm/17"),
                            "sh",
                            "-c",
                            "exec \"$0\" serve " + closed,
                            Daemon.PROGRAM)
                    .succeeded();
            assertThat(directory.resolve("open")).as(closed).content().hasLineCount(3);
        }
    }

    @Test
    void missingJava() throws Exception {
        Processes.Result result =
                Processes.run(
                        directory,
                        "env",
                        "-u",
                        "JAVA_HOME",
                        "PATH=" + directory,
                        "/bin/sh",
                        Daemon.PROGRAM,
                        "serve");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).hasLineCount(1).contains("PATH", "install", "17", "JAVA_HOME");
    }

    private static void program(Path file, String script) throws Exception {
        Files.writeString(file, script);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }
}
