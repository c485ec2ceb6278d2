package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.awaitReady;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.copyMercurial;
import static org.hgcmdserver.it.Prefork.inHome;
import static org.hgcmdserver.it.Prefork.version;
import static org.hgcmdserver.it.Processes.await;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A template that cannot start: one warning gives the reason, however often the daemon tries, and
 * plain hg processes serve the connections.
 */
class PreforkFallbackIT {

    private static final Path HG = Path.of("/usr/bin/hg");

    /** What the daemon believes: it starts as many programs at a time. */
    private static final int PROCESSORS = 2;

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
    }

    // no template yet

    /** Waiting clients get workers in their order, and before any later client. */
    @Test
    void whoWaitsForASpawnedWorkerGetsOneOfTheTemplatesAsSoonAsThereIsOne() throws Exception {
        Gate template = new Gate(directory);
        Gate spawned = new Gate(directory);
        Path extension = directory.resolve("slow.py");
        Files.writeString(
                extension,
                """
                import subprocess, sys
                def uisetup(ui):
                    subprocess.call('%s' if 'prefork' in sys.argv else '%s', shell=True)
                """
                        .formatted(template.command(), spawned.command()));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\nslow=" + extension + "\n");
        List<RawClient> clients = new ArrayList<>();
        String[] options = {
            "--workers",
            "prefork",
            "--max-workers",
            "infinity",
            "--max-workers-per-user",
            "infinity"
        };
        Consumer<Map<String, String>> environment =
                inHome(home)
                        .andThen(
                                env ->
                                        env.put(
                                                "HG_CMDSERVER_JAVA_OPTIONS",
                                                "-XX:ActiveProcessorCount=" + PROCESSORS));
        try (Daemon daemon = Daemon.start(directory, environment, options)) {
            template.awaitReached();
            // these do not get far, and each second the daemon starts as many as there are
            // processors: it would start the last ones after the patience of all tests
            int spawning = (int) Processes.PATIENCE.toSeconds() * PROCESSORS;
            for (int i = 0; i < spawning + 10; i++) {
                clients.add(new RawClient(daemon.address()));
            }
            spawned.awaitReached();
            template.open();
            int last = 0;
            for (RawClient client : clients.subList(spawning, spawning + 10)) {
                Matcher pid = Pattern.compile("pid: (\\d+)").matcher(client.readFrame());
                assertThat(pid.find()).isTrue();
                assertThat(command(Long.parseLong(pid.group(1)))).contains(Prefork.FORKED);
                String given = "worker process (pid=" + pid.group(1) + ") is for";
                await().until(() -> daemon.log().contains(given));
                assertThat(daemon.log().indexOf(given)).isGreaterThan(last);
                last = daemon.log().indexOf(given);
            }
            spawned.open();
            for (RawClient client : clients.subList(0, spawning)) {
                assertThat(client.readFrame()).contains("capabilities:");
            }
            for (RawClient client : clients) {
                client.close();
            }
            daemon.stop();
        }
    }

    private static boolean isServingByAFork(Daemon daemon) throws Exception {
        for (long worker : daemon.busyWorkers()) {
            if (command(worker).contains(Prefork.FORKED)) {
                return true;
            }
        }
        return false;
    }

    // no template any more

    /**
     * A template's last workers announce themselves after its end, when nothing can fork others.
     */
    @Test
    void whoWaitsIsServedThoughTheTemplateHasEndedMeanwhile() throws Exception {
        Gate workers = new Gate(directory);
        Gate spawned = new Gate(directory);
        Gate next = new Gate(directory);
        Path killed = directory.resolve("killed");
        Path proven = directory.resolve("proven");
        Path extension = directory.resolve("slow.py");
        Files.writeString(
                extension,
                """
                import os, random, subprocess, sys
                def wait(command):
                    subprocess.call(command, shell=True)
                def uisetup(ui):
                    if 'prefork' not in sys.argv:
                        wait('%s')
                    elif os.path.exists('%s'):
                        wait('%s')
                    else:
                        def seed(): # of a worker, before it says its pid
                            if os.path.exists('%s'):
                                wait('%s')
                            open('%s', 'w').close() # it was the one that proves the template
                        random.seed = seed
                """
                        .formatted(
                                spawned.command(),
                                killed,
                                next.command(),
                                proven,
                                workers.command(),
                                proven));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\nslow=" + extension + "\n");
        List<RawClient> clients = new ArrayList<>();
        try (Daemon daemon = Daemon.start(directory, inHome(home), "--workers", "prefork")) {
            awaitReady(daemon, 1);
            clients.add(new RawClient(daemon.address())); // makes the daemon ask the template
            workers.awaitReached();
            Files.createFile(killed);
            Processes.signal(Prefork.template(daemon), "KILL");
            daemon.awaitLog("no warm Mercurial to fork workers from");
            for (int i = 0; i < 12; i++) {
                clients.add(new RawClient(daemon.address()));
            }
            // not until one is at the gate: the workers at theirs have 10 s (WorkerLimits.FORK)
            await().until(() -> daemon.connections() == clients.size());
            workers.open();
            await().until(() -> isServingByAFork(daemon));
            spawned.open();
            for (RawClient client : clients) {
                assertThat(client.readFrame()).contains("capabilities:");
                client.close();
            }
            assertThat(daemon.log().split(Prefork.READY, -1)).hasSize(2);
            next.open();
            daemon.stop();
        }
    }

    // another hg

    @Test
    void mercurialThatIsNoPythonScript() throws Exception {
        assertThat(reasonWithout(script("#!/bin/sh\nexec /usr/bin/hg \"$@\"\n")))
                .contains("is not a Python script");
    }

    @Test
    void mercurialThatCannotBeImported() throws Exception {
        // isolated, and without the path of Debian's packages
        assertThat(reasonWithout(scriptOf("/usr/bin/python3 -IS")))
                .contains("ModuleNotFoundError: No module named");
    }

    /** A class that the strict server extends is missing: the template forks workers without it. */
    @Test
    void mercurialWithOtherInternals() throws Exception {
        String other = "sed -i s/channeledinput/inputofchannels/g mercurial/*.py";
        try (Daemon daemon = launch(copyMercurial(directory, other))) {
            awaitReady(daemon, 1);
            assertThat(isForked(daemon)).isTrue();
            assertThat(version(daemon)).contains("Mercurial");
            assertThat(warnings(daemon).toList())
                    .singleElement()
                    .asString()
                    .contains("forked without the strict server")
                    .contains("has no attribute 'channeledinput'");
            daemon.stop();
        }
    }

    @Test
    void mercurialOfPython2() throws Exception {
        List<Path> found =
                Pattern.compile(File.pathSeparator)
                        .splitAsStream(System.getenv("PATH"))
                        .flatMap(d -> Stream.of(Path.of(d, "python2.7"), Path.of(d, "python2")))
                        .filter(Files::isExecutable)
                        .filter(PreforkFallbackIT::runs) // a version manager's shim may not
                        .toList();
        LeftOut.unless(!found.isEmpty(), "there is no Python 2 on the PATH");
        assertThat(reasonWithout(scriptOf(found.get(0).toString())))
                .contains("Python 2.7 is too old");
    }

    private static boolean runs(Path python) {
        try {
            return Processes.run(Path.of("/"), python.toString(), "-c", "").status() == 0;
        } catch (Exception e) {
            return false;
        }
    }

    // a broken extension or configuration

    /**
     * Rehearsals run without extensions: an extension's failure in a repository affects clients
     * only.
     */
    @Test
    void extensionThatEndsHgInARepository() throws Exception {
        extension(
                """
                import os
                def reposetup(ui, repo):
                    os._exit(9)
                """);
        Repository repository = Repository.create(directory, "repository");
        try (Daemon daemon = launch(HG)) {
            awaitReady(daemon, 1);
            await().until(() -> isForked(daemon));
            try (RawClient client = new RawClient(daemon.address())) {
                client.runCommand("log -R " + repository);
                assertThat(client.readToEnd()).contains("capabilities").doesNotContain("r\0");
            }
            assertThat(version(daemon)).contains("Mercurial");
            assertThat(warnings(daemon)).noneMatch(w -> w.contains("no warm"));
            daemon.stop();
        }
    }

    @Test
    void extensionThatEndsHgAtOnce() throws Exception {
        Path hgrc = extension("raise SystemExit(3)\n");
        try (Daemon daemon = launch(HG)) {
            assertThat(onlyReason(daemon)).contains("hg ended with status 3");
            try (RawClient client = new RawClient(daemon.address())) {
                assertThat(client.readToEnd())
                        .contains("hg does not start, and ends with status 3:");
            }
            Files.delete(hgrc);
            assertThat(version(daemon)).contains("Mercurial");
            awaitReady(daemon, 1);
            await().until(() -> isForked(daemon));
            daemon.stop();
        }
    }

    @Test
    void configurationThatIsBrokenLater() throws Exception {
        Path hgrc = Files.writeString(home.resolve(".hgrc"), "[ui]\nusername=before\n");
        try (Daemon daemon = Prefork.start(directory, home)) {
            Files.writeString(hgrc, "no section\n");
            try (RawClient client = new RawClient(daemon.address())) {
                assertThat(client.readToEnd())
                        .contains("hg-cmdserver: hg does not start, and ends with status ")
                        .contains(hgrc + ":1")
                        .doesNotContain("hg-cmdserver: worker");
            }
            assertThat(onlyReason(daemon)).contains("hg ended with status");
            Files.writeString(hgrc, "[ui]\nusername=after\n");
            assertThat(Prefork.username(daemon)).isEqualTo("after");
            awaitReady(daemon, 2);
            await().until(() -> isForked(daemon));
            daemon.stop();
        }
    }

    // what happens then

    private Path extension(String code) throws Exception {
        Path extension = Files.writeString(directory.resolve("broken.py"), code);
        return Files.writeString(home.resolve(".hgrc"), "[extensions]\nbroken=" + extension + "\n");
    }

    /** An hg with an interpreter of its own that then runs the machine's hg. */
    private Path scriptOf(String interpreter) throws Exception {
        return script(
                "#!"
                        + interpreter
                        + "\nimport os, sys\nos.execv('/usr/bin/hg', ['hg'] + sys.argv[1:])\n");
    }

    private Path script(String content) throws Exception {
        Path hg = Files.writeString(directory.resolve("hg"), content);
        return Files.setPosixFilePermissions(hg, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private String reasonWithout(Path hg) throws Exception {
        try (Daemon daemon = launch(hg)) {
            String reason = onlyReason(daemon);
            serves(daemon);
            daemon.stop();
            return reason;
        }
    }

    private Daemon launch(Path hg) throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(
                        Daemon.PROGRAM,
                        "serve",
                        "--debug",
                        "--workers",
                        "prefork",
                        "--hg",
                        hg.toString(),
                        "--address",
                        address.toString());
        Daemon daemon = Daemon.launch(directory, address, inHome(home), command);
        daemon.awaitLog("listening at");
        return daemon;
    }

    /** The one warning, after the daemon has tried the template twice. */
    private static String onlyReason(Daemon daemon) throws Exception {
        await().until(() -> daemon.log().split("no warm Mercurial", -1).length > 2);
        List<String> warnings = warnings(daemon).filter(w -> w.contains("no warm Merc")).toList();
        assertThat(warnings).as(daemon.log()).hasSize(1);
        return warnings.get(0);
    }

    private static Stream<String> warnings(Daemon daemon) throws Exception {
        return daemon.log().lines().filter(l -> l.contains(" warn "));
    }

    private static void serves(Daemon daemon) throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(version(daemon)).contains("Mercurial");
        }
        assertThat(isForked(daemon)).isFalse();
        // a second warning may say, once as well, whether spawned workers are strict
        assertThat(warnings(daemon).filter(w -> !w.contains("the strict server does not fit")))
                .as("the reason alone")
                .hasSize(1);
        assertThat(warnings(daemon)).hasSizeLessThanOrEqualTo(2);
    }

    private static boolean isForked(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            return command(hg.pid()).contains(Prefork.FORKED);
        }
    }
}
