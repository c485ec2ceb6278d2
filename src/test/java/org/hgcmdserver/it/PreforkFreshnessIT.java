package org.hgcmdserver.it;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.READY;
import static org.hgcmdserver.it.Prefork.awaitIdle;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.copyMercurial;
import static org.hgcmdserver.it.Prefork.inHome;
import static org.hgcmdserver.it.Prefork.template;
import static org.hgcmdserver.it.Prefork.username;
import static org.hgcmdserver.it.Prefork.version;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Forked workers answer by the present state, not by the state at their warm-up. */
class PreforkFreshnessIT {

    /** An extension. */
    private static final String SAY =
            """
            from mercurial import registrar
            cmdtable = {}
            command = registrar.command(cmdtable)
            @command(b'say', [], b'', norepo=True)
            def say(ui):
                ui.write(b'%s')
            """;

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
    }

    private Daemon start(String... options) throws Exception {
        return Prefork.start(directory, home, options);
    }

    @Test
    void editedConfigurationIsSeenByTheNextConnection() throws Exception {
        Path hgrc = Files.writeString(home.resolve(".hgrc"), "[ui]\nusername=before\n");
        try (Daemon daemon = start();
                Session busy = Session.to(daemon)) {
            assertThat(username(daemon)).isEqualTo("before");
            long template = template(daemon);
            Files.writeString(hgrc, "[ui]\nusername=after\n");
            awaitOlder(hgrc);
            assertThat(username(daemon)).isEqualTo("after");
            // a busy worker goes on unchanged, the daemon replaces the template
            assertThat(busy.run("config", "ui.username").out()).isEqualTo("before\n");
            await().until(() -> daemon.log().split(READY).length == 3);
            await().until(() -> !Processes.isAlive(template));
            awaitIdle(daemon, 2);
            try (Session hg = Session.to(daemon)) {
                assertThat(command(hg.pid())).contains(Prefork.FORKED);
                assertThat(hg.run("config", "ui.username").out()).isEqualTo("after\n");
            }
        }
    }

    /**
     * Waits until a template that starts now is sure to have read the file as it is:
     * dependencies.py takes one that has changed up to 20 ms before for a changed one.
     */
    private static void awaitOlder(Path file) throws Exception {
        long written = Files.getLastModifiedTime(file).toMillis();
        await().until(() -> System.currentTimeMillis() > written + 30);
    }

    @Test
    void newFilesAreSeenToo() throws Exception {
        Files.writeString(home.resolve(".hgrc"), "[ui]\nusername=before\n%include more.rc\n");
        try (Daemon daemon = start()) {
            Files.writeString(home.resolve("more.rc"), "[ui]\nusername=included\n");
            assertThat(username(daemon)).isEqualTo("included");
        }
        Files.delete(home.resolve("more.rc"));
        Files.delete(directory.resolve("server.sock"));
        try (Daemon daemon = start()) {
            Path xdg = Files.createDirectories(home.resolve(".config/hg"));
            Files.writeString(xdg.resolve("hgrc"), "[ui]\nusername=xdg\n");
            assertThat(username(daemon)).isEqualTo("xdg");
            Files.delete(xdg.resolve("hgrc"));
            assertThat(username(daemon)).isEqualTo("before");
        }
    }

    @Test
    void upgradedExtensionIsSeenByTheNextConnection() throws Exception {
        Path extension = directory.resolve("ext.py");
        Files.writeString(extension, SAY.formatted("one"));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\next=" + extension + "\n");
        try (Daemon daemon = start()) {
            assertThat(said(daemon)).isEqualTo("one");
            Files.writeString(extension, SAY.formatted("three"));
            assertThat(said(daemon)).isEqualTo("three");
        }
    }

    private static String said(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            return hg.run("say").out();
        }
    }

    /** Writes into the file, like some package managers; most replace it. */
    @Test
    void editedExtensionOfMercurialsOwnIsSeenByTheNextConnection() throws Exception {
        Path hg = copyMercurial(directory, "true");
        Path extension = directory.resolve("own/lib/hgext/say.py");
        Files.writeString(extension, SAY.formatted("one"));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\nsay=\n");
        try (Daemon daemon = start("--hg", hg.toString())) {
            assertThat(said(daemon)).isEqualTo("one");
            Files.writeString(extension, SAY.formatted("three"));
            assertThat(said(daemon)).isEqualTo("three");
        }
    }

    @Test
    void configurationThatGoesWhileTheTemplateWarmsUpIsNotInForce() throws Exception {
        Gate gate = new Gate(directory);
        Path extension = directory.resolve("slow.py");
        Files.writeString(
                extension,
                """
                import subprocess, sys
                def uisetup(ui):
                    if 'prefork' in sys.argv:
                        subprocess.call('%s', shell=True)
                """
                        .formatted(gate.command()));
        Path more = Files.writeString(home.resolve("more.rc"), "[ui]\nusername=included\n");
        Files.writeString(
                home.resolve(".hgrc"),
                "[ui]\nusername=before\n[extensions]\nslow=" + extension + "\n%include more.rc\n");
        try (Daemon daemon =
                Daemon.start(directory, inHome(home), "--workers", "prefork", "--min-idle", "1")) {
            gate.awaitReached();
            Files.delete(more);
            gate.open();
            awaitIdle(daemon, 1);
            assertThat(username(daemon)).isEqualTo("before");
        }
    }

    /**
     * Between the installation of this release and the reload, another release's daemon runs these
     * files.
     */
    @Test
    void otherReleasesDaemonIsUnderstood() throws Exception {
        String run = "exec /usr/bin/python3 '%s/lib/python/main.py' pipe /usr/bin/hg %s </dev/null";
        for (String values : new String[] {"--", "max-request=4096 of-the-future=1 -- --debug"}) {
            Processes.Result result =
                    Processes.run(directory, "sh", "-c", run.formatted(Daemon.DIST, values));
            assertThat(result.out()).as(result.err()).contains("capabilities: ");
        }
    }

    @Test
    void upgradedMercurialIsSeenByTheNextConnection() throws Exception {
        // a Mercurial of the test's own: a copy, next to which the test puts a new version
        Path site = directory.resolve("site");
        Processes.run(
                        directory,
                        "sh",
                        "-c",
                        "mkdir site && cp -r /usr/lib/python3/dist-packages/mercurial"
                                + " /usr/lib/python3/dist-packages/hgext"
                                + " /usr/lib/python3/dist-packages/hgdemandimport site")
                .succeeded();
        Consumer<Map<String, String>> own =
                env -> {
                    inHome(home).accept(env);
                    env.put("PYTHONPATH", site.toString());
                };
        try (Daemon daemon = Daemon.start(directory, own, "--workers", "prefork")) {
            awaitIdle(daemon, 1);
            assertThat(version(daemon)).doesNotContain("99.1");
            Path file = site.resolve("mercurial/__version__.py");
            Path upgraded = Files.copy(file, site.resolve("new"));
            Processes.run(site, "sh", "-c", Prefork.setVersion("99.1", upgraded)).succeeded();
            Files.move(upgraded, file, REPLACE_EXISTING);
            assertThat(version(daemon)).contains("99.1");
        }
    }

    /** The upgraded script may name another interpreter; new clients still get a strict server. */
    @Test
    void upgradedScriptIsRunByTheInterpreterThatItNames() throws Exception {
        Path hg = copyMercurial(directory, "true");
        try (Daemon daemon = start("--hg", hg.toString(), "--max-request", "4K")) {
            Path interpreter = directory.resolve("python-of-the-upgrade");
            Path ran = directory.resolve("ran");
            String python = "#!/bin/sh\n: >'%s'\nexec /usr/bin/python3 \"$@\"\n".formatted(ran);
            Files.writeString(interpreter, python);
            assertThat(interpreter.toFile().setExecutable(true)).isTrue();
            String script = Files.readString(hg).replaceFirst("#!.*", "#! " + interpreter);
            Path upgraded = Files.writeString(directory.resolve("upgraded"), script);
            assertThat(upgraded.toFile().setExecutable(true)).isTrue();
            awaitIdle(daemon, 1);
            Files.move(upgraded, hg, REPLACE_EXISTING);
            try (RawClient client = new RawClient(daemon.address())) {
                Matcher pid = Pattern.compile("pid: (\\d+)").matcher(client.readFrame());
                assertThat(pid.find()).isTrue();
                assertThat(command(Long.parseLong(pid.group(1)))).contains(Prefork.SPAWNED);
                assertThat(ran).exists();
                client.runCommand("x".repeat(5000));
                assertThat(client.readFrame()).startsWith("e").contains("over the limit of 4096");
            }
        }
    }

    @Test
    void configurationThatAServedRepositoryGetsIsSeen() throws Exception {
        Path repository = directory.resolve("served");
        Processes.run(directory, "hg", "init", repository.toString()).succeeded();
        try (Daemon daemon = start("-R", repository.toString())) {
            assertThat(username(daemon)).isEmpty();
            Files.writeString(repository.resolve(".hg/hgrc"), "[ui]\nusername=its own\n");
            assertThat(username(daemon)).isEqualTo("its own");
        }
    }

    @Test
    void mercurialIsThatOfTheScript() throws Exception {
        Path hg =
                copyMercurial(
                        directory, Prefork.setVersion("77.7", Path.of("mercurial/__version__.py")));
        try (Daemon daemon = start("--hg", hg.toString());
                Session session = Session.to(daemon)) {
            assertThat(command(session.pid())).contains("hg-cmdserver: ");
            assertThat(session.run("version", "-q").out()).contains("77.7");
            String hook = "hooks.pre-root=echo $HG";
            Repository repository = Repository.create(directory, "repository");
            assertThat(session.run("root", "-R", repository.toString(), "--config", hook).out())
                    .startsWith(hg + "\n");
        }
    }

    @Test
    void extensionsOfTheTemplateWorkInItsWorkers() throws Exception {
        Files.writeString(
                home.resolve(".hgrc"), "[extensions]\nrebase=\nhistedit=\nmq=\nlargefiles=\n");
        Repository repository = Repository.create(directory, "repository");
        repository.commit("a", "a\n", "base").commit("b", "b\n", "left");
        repository.hg("update", "-q", "0").succeeded();
        repository.commit("c", "c\n", "right");
        Files.writeString(repository.path().resolve("large"), "large");
        String r = repository.toString();
        String[][] commands = {
            {"rebase", "-R", r, "-s", "2", "-d", "1"},
            {"add", "--large", "--cwd", r, "large"},
            {"commit", "-R", r, "-m", "large"},
            {"histedit", "-R", r, "2", "--commands", directory.resolve("plan").toString()},
            {"qnew", "-R", r, "patch"},
        };
        try (Daemon daemon = start()) {
            for (String[] command : commands) {
                awaitIdle(daemon, 1);
                try (Session hg = Session.to(daemon)) {
                    assertThat(command(hg.pid())).contains("hg-cmdserver: ");
                    Session.Answer answer = hg.run(command);
                    assertThat(answer.status()).as(command[0] + ": " + answer.err()).isZero();
                    String[] ids = {"log", "-R", r, "-r", "2:", "-T", "pick {node|short}\n"};
                    Files.writeString(directory.resolve("plan"), hg.run(ids).out());
                }
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("log", "-R", r, "-T", "{rev}:{desc|firstline} ").out())
                        .isEqualTo("4:[mq]: patch 3:large 2:right 1:left 0:base ");
                assertThat(hg.run("cat", "--cwd", r, "large").out()).isEqualTo("large");
            }
        }
    }
}
