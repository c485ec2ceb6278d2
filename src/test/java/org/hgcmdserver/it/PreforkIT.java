package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers that are forked ahead: the template, the pool, staleness, faults. Left out of the run
 * that is about spawned workers.
 */
class PreforkIT {

    private static final String READY = "workers are forked ahead from a warm Mercurial";

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
    }

    /** With a home of its own, so that configuration can be changed. */
    private Daemon start(String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of("--workers", "prefork"));
        all.addAll(List.of(options));
        Daemon daemon = Daemon.start(directory, inHome(), all.toArray(String[]::new));
        awaitIdle(daemon, 1);
        return daemon;
    }

    private Consumer<Map<String, String>> inHome() {
        return env -> {
            env.put("HOME", home.toString());
            env.remove("XDG_CONFIG_HOME");
            env.remove("HGRCPATH");
        };
    }

    // the pool

    @Test
    void workersAreTheDaemonsChildrenInItsSession() throws Exception {
        try (Daemon daemon = start();
                Session hg = Session.to(daemon)) {
            assertThat(command(hg.pid())).contains("main.py");
            assertThat(Processes.status(hg.pid(), "PPid")).isEqualTo("" + daemon.pid());
            assertThat(stat(hg.pid(), 2)).as("process group").isEqualTo(hg.pid());
            assertThat(stat(hg.pid(), 3)).as("session").isEqualTo(stat(daemon.pid(), 3));
            long template = template(daemon);
            assertThat(stat(template, 2)).as("the template's group").isEqualTo(template);
            assertThat(stat(template, 3)).isEqualTo(stat(daemon.pid(), 3));
            hg.close();
            daemon.stop();
            assertThat(Processes.isAlive(template)).isFalse();
        }
    }

    @Test
    void poolGrowsWithDemand() throws Exception {
        try (Daemon daemon = start("--min-idle", "1", "--max-idle", "3")) {
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                sessions.add(Session.to(daemon));
                assertThat(command(sessions.get(i).pid())).contains("main.py");
            }
            await().until(() -> idleWorkers(daemon).size() == 3 || idleWorkers(daemon).size() == 1);
            for (Session session : sessions) {
                assertThat(session.run("version", "-q").status()).isZero();
                session.close();
            }
            await().until(() -> daemon.busyWorkers().isEmpty());
            assertThat(idleWorkers(daemon)).hasSizeBetween(1, 3);
            daemon.stop();
        }
    }

    @Test
    void overTheMaximumConnectionsWaitInOrderAndNobodyIsDropped() throws Exception {
        for (String kind : new String[] {"prefork", "spawn"}) {
            try (Daemon daemon =
                            Daemon.start(
                                    Files.createDirectory(directory.resolve(kind)),
                                    "--workers",
                                    kind,
                                    "--max-workers",
                                    "2");
                    Session a = Session.to(daemon);
                    Session b = Session.to(daemon);
                    RawClient third = new RawClient(daemon.address());
                    RawClient fourth = new RawClient(daemon.address())) {
                daemon.awaitLog("2 connections: others wait");
                assertThat(daemon.busyWorkers())
                        .containsExactlyInAnyOrder((long) a.pid(), (long) b.pid());
                a.close();
                assertThat(third.readFrame()).contains("runcommand");
                assertThat(daemon.busyWorkers()).hasSize(2);
                b.close();
                assertThat(fourth.readFrame()).contains("runcommand");
                third.close();
                fourth.close();
                daemon.stop();
            }
        }
    }

    @Test
    void drainLetsIdleWorkersAndTheTemplateGo() throws Exception {
        try (Daemon daemon = start();
                Session hg = Session.to(daemon)) {
            List<Long> idle = idleWorkers(daemon);
            idle.remove((Long) (long) hg.pid()); // the log may be a line behind
            long template = template(daemon);
            daemon.signal("TERM");
            await().until(() -> !Processes.isAlive(template));
            for (long pid : idle) {
                await().until(() -> !Processes.isAlive(pid));
            }
            assertThat(hg.run("version", "-q").status()).isZero();
            hg.close();
            assertThat(daemon.awaitExit()).isZero();
            assertThat(directory.toFile().list((d, name) -> name.startsWith("hg-cmdserver-")))
                    .as("directories of the warm-up")
                    .isEmpty();
        }
    }

    @Test
    void warmUpRunsNobodysHooks() throws Exception {
        Path ran = directory.resolve("ran");
        Files.writeString(
                home.resolve(".hgrc"),
                "[hooks]\npre-log=touch "
                        + ran
                        + "\npre-init=touch "
                        + ran
                        + "\ncommit=touch "
                        + ran
                        + "\n");
        try (Daemon daemon = start();
                Session hg = Session.to(daemon)) {
            await().until(() -> idleWorkers(daemon).size() >= 2);
            assertThat(ran).doesNotExist();
            hg.run("log", "-R", Repository.create(directory, "r").toString());
            assertThat(ran).exists();
        }
    }

    // staleness

    @Test
    void editedConfigurationIsSeenByTheNextConnection() throws Exception {
        Path hgrc = Files.writeString(home.resolve(".hgrc"), "[ui]\nusername=before\n");
        try (Daemon daemon = start();
                Session busy = Session.to(daemon)) {
            assertThat(username(daemon)).isEqualTo("before");
            long template = template(daemon);
            Files.writeString(hgrc, "[ui]\nusername=after\n");
            assertThat(username(daemon)).isEqualTo("after");
            // a busy worker goes on as it was, the template is replaced
            assertThat(busy.run("config", "ui.username").out()).isEqualTo("before\n");
            await().until(() -> daemon.log().split(READY).length == 3);
            assertThat(Processes.isAlive(template)).isFalse();
            awaitIdle(daemon, 2);
            try (Session hg = Session.to(daemon)) {
                assertThat(command(hg.pid())).contains("main.py template");
                assertThat(hg.run("config", "ui.username").out()).isEqualTo("after\n");
            }
        }
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
        String code =
                """
                from mercurial import registrar
                cmdtable = {}
                command = registrar.command(cmdtable)
                @command(b'say', [], b'', norepo=True)
                def say(ui):
                    ui.write(b'%s')
                """;
        Files.writeString(extension, code.formatted("one"));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\next=" + extension + "\n");
        try (Daemon daemon = start()) {
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("say").out()).isEqualTo("one");
            }
            Files.writeString(extension, code.formatted("three"));
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("say").out()).isEqualTo("three");
            }
        }
    }

    @Test
    void upgradedMercurialIsSeenByTheNextConnection() throws Exception {
        // a Mercurial of the test's own: a copy, beside which a new version is put
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
                    inHome().accept(env);
                    env.put("PYTHONPATH", site.toString());
                };
        try (Daemon daemon = Daemon.start(directory, own, "--workers", "prefork")) {
            awaitIdle(daemon, 1);
            assertThat(version(daemon)).doesNotContain("99.1");
            Path file = site.resolve("mercurial/__version__.py");
            Files.writeString(site.resolve("new"), "version = b\"99.1\"\n");
            Files.move(
                    site.resolve("new"), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            assertThat(version(daemon)).contains("99.1");
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
        // installed with a library directory of its own, as by "make install-home"
        Processes.run(
                        directory,
                        "sh",
                        "-c",
                        "mkdir -p own/bin own/lib && cp -r /usr/lib/python3/dist-packages/mercurial"
                                + " /usr/lib/python3/dist-packages/hgext"
                                + " /usr/lib/python3/dist-packages/hgdemandimport own/lib"
                                + " && sed \"s,^libdir = .*,libdir = '../lib',\" /usr/bin/hg > own/bin/hg"
                                + " && chmod +x own/bin/hg"
                                + " && echo 'version = b\"77.7\"' > own/lib/mercurial/__version__.py")
                .succeeded();
        Path hg = directory.resolve("own/bin/hg");
        try (Daemon daemon = start("--hg", hg.toString());
                Session session = Session.to(daemon)) {
            assertThat(command(session.pid())).contains("main.py");
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
                    assertThat(command(hg.pid())).contains("main.py");
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

    // repositories that are kept loaded

    @Test
    void extensionOfARepositoryStaysInIt() throws Exception {
        Path extension = directory.resolve("inrepo.py");
        Files.writeString(
                extension,
                """
                from mercurial import registrar
                cmdtable = {}
                command = registrar.command(cmdtable)
                @command(b'say', [], b'', norepo=True)
                def say(ui):
                    ui.write(b'said')
                """);
        Repository repository = Repository.create(directory, "repository");
        repository.hg("debugbuilddag", "--config", "ui.username=t", "+1200").succeeded();
        Files.writeString(
                repository.path().resolve(".hg/hgrc"), "[extensions]\ninrepo=" + extension + "\n");
        try (Daemon daemon = start()) {
            for (int i = 0; i < 6; i++) {
                assertThat(tip(daemon, repository)).startsWith("1199 ");
                awaitIdle(daemon, 2);
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("say").err()).contains("unknown command 'say'");
            }
        }
    }

    @Test
    void preloadedRepositoryFollowsWhatOthersDoToIt() throws Exception {
        Repository repository = Repository.create(directory, "repository");
        repository.hg("debugbuilddag", "--config", "ui.username=t", "+1200").succeeded();
        repository.hg("update", "-q", "tip").succeeded();
        try (Daemon daemon = start()) {
            for (int i = 0; i < 6; i++) { // loaded after one of these
                assertThat(tip(daemon, repository)).startsWith("1199 ");
                awaitIdle(daemon, 2);
            }
            repository.commit("new", "x", "outside");
            assertThat(tip(daemon, repository)).isEqualTo("1200 outside");
            strip(repository, "1200");
            assertThat(tip(daemon, repository)).startsWith("1199 ");
            repository.commit("new", "y", "again");
            assertThat(tip(daemon, repository)).isEqualTo("1200 again");
            repository.hg("commit", "--amend", "-m", "amended").succeeded();
            assertThat(tip(daemon, repository)).endsWith("amended");
            // rewritten to the same number of revisions
            strip(repository, "1190");
            for (int i = 0; i < 11; i++) {
                repository.commit("f" + i, "x", "rewritten " + i);
            }
            assertThat(tip(daemon, repository)).endsWith("rewritten 10");
            repository.hg("phase", "--public", "tip").succeeded();
            try (Session hg = Session.to(daemon)) {
                String[] phase = {"log", "-R", repository.toString(), "-r", "tip", "-T", "{phase}"};
                assertThat(hg.run(phase).out()).isEqualTo("public");
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("verify", "-q", "-R", repository.toString()).status()).isZero();
            }
            daemon.stop();
        }
    }

    // strictness

    @Test
    void truncatedRequestNeverRuns() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        try (Daemon daemon = start()) {
            String bookmark = "bookmark\0-R\0" + repository + "\0created";
            for (String request :
                    List.of(
                            request(bookmark + "xyz").substring(0, request(bookmark).length()),
                            "runcommand",
                            "runcommand\n\0\0")) {
                try (RawClient client = new RawClient(daemon.address())) {
                    client.readFrame();
                    client.send(request);
                    client.shutdownOutput();
                    assertThat(client.readToEnd()).isEmpty();
                }
            }
            await().until(() -> daemon.busyWorkers().isEmpty());
            assertThat(repository.hg("bookmarks").out()).doesNotContain("created");
        }
    }

    @Test
    void requestOverTheLimitIsRefused() throws Exception {
        try (Daemon daemon = start("--max-request", "8K")) {
            try (RawClient client = new RawClient(daemon.address())) {
                client.readFrame();
                client.send("runcommand\n\377\0\0\0");
                assertThat(client.readFrame())
                        .startsWith("e")
                        .contains("over the limit of 8192 (--max-request)");
                client.shutdownOutput();
                assertThat(client.readToEnd()).isEmpty();
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
        }
    }

    @Test
    void inputOverTheLimitIsNotTakenForRequests() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        try (Daemon daemon = start("--max-request", "4K");
                RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.send(request("import\0-R\0" + repository + "\0-"));
            String asked = "";
            while (!asked.startsWith("I") && !asked.startsWith("L")) {
                asked = client.readFrameOrAsking();
            }
            String inside = request("bookmark\0-R\0" + repository + "\0injected");
            client.send(length(5000) + inside + "x".repeat(5000 - inside.length()));
            String said = "";
            for (String frame = client.readFrame(); !frame.startsWith("r"); ) {
                said += frame;
                frame = client.readFrame();
            }
            assertThat(said).contains("abort: input of 5000 bytes is over the limit");
            await().until(() -> daemon.busyWorkers().isEmpty());
            assertThat(repository.hg("bookmarks").out()).doesNotContain("injected");
        }
    }

    @Test
    void commandThatWaitsForInputAbortsWhenItsClientIsGone() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x\n", "m");
        String patch = repository.commit("a", "y\n", "second").hg("export", "tip").out();
        repository.hg("update", "-q", "0").succeeded();
        try (Daemon daemon = start();
                RawClient client = new RawClient(daemon.address())) {
            client.readFrame();
            client.send(request("import\0-R\0" + repository + "\0--no-commit\0-"));
            String asked = "";
            while (!asked.startsWith("I") && !asked.startsWith("L")) {
                asked = client.readFrameOrAsking();
            }
            // a whole patch, and then no end of it
            byte[] bytes = patch.getBytes(UTF_8);
            client.send(length(bytes.length) + new String(bytes, ISO_8859_1));
            client.shutdownOutput();
            assertThat(client.readToEnd()).contains("abort: the client is gone");
            assertThat(repository.hg("status").out()).isEmpty();
        }
    }

    // faults

    @Test
    void templateThatIsKilledIsReplacedAndNobodyIsRefused() throws Exception {
        try (Daemon daemon = start();
                Session busy = Session.to(daemon)) {
            long template = template(daemon);
            Processes.signal(template, "KILL");
            daemon.awaitLog("killed by SIGKILL; starting hg for each connection");
            for (int i = 0; i < 5; i++) { // more than were idle
                assertThat(version(daemon)).contains("Mercurial");
            }
            assertThat(busy.run("version", "-q").status()).isZero();
            await().until(() -> daemon.log().split(READY).length == 3);
            awaitIdle(daemon, 2);
            assertThat(template(daemon)).isNotEqualTo(template);
            busy.close();
            daemon.stop();
        }
    }

    @Test
    void templateThatIsStuckIsReplacedAndNobodyIsRefused() throws Exception {
        try (Daemon daemon = start("--min-idle", "1")) {
            long template = template(daemon);
            Processes.stop(template);
            for (int i = 0; i < 3; i++) {
                assertThat(version(daemon)).contains("Mercurial");
            }
            assertThat(daemon.log()).contains("the template has not forked a worker");
            await().until(() -> daemon.log().split(READY).length == 3);
            await().until(() -> !Processes.isAlive(template));
            Processes.stop(template(daemon));
            daemon.stop();
        }
    }

    @Test
    void idleWorkersThatAreKilledAreNotMissed() throws Exception {
        try (Daemon daemon = start()) {
            awaitIdle(daemon, 2);
            for (long pid : idleWorkers(daemon)) {
                Processes.signal(pid, "KILL");
            }
            assertThat(version(daemon)).contains("Mercurial");
            awaitIdle(daemon, 2);
            daemon.stop();
            assertThat(daemon.zombies()).isEmpty();
        }
    }

    @Test
    void mercurialThatIsNoPythonScriptIsServedWithoutATemplate() throws Exception {
        assertThat(fallback("#!/bin/sh\nexec /usr/bin/hg \"$@\"\n"))
                .contains("is no Python script");
    }

    @Test
    void mercurialThatCannotBeImportedIsServedWithoutATemplate() throws Exception {
        // isolated, and without the path of Debian's packages
        String script =
                "#!/usr/bin/python3 -IS\nimport os, sys\n"
                        + "os.execv('/usr/bin/hg', ['hg'] + sys.argv[1:])\n";
        assertThat(fallback(script)).contains("ModuleNotFoundError: No module named");
    }

    private String fallback(String script) throws Exception {
        Path hg = Files.writeString(directory.resolve("hg"), script);
        Files.setPosixFilePermissions(hg, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Daemon daemon =
                Daemon.launch(
                        directory,
                        directory.resolve("server.sock"),
                        inHome(),
                        List.of(
                                Daemon.PROGRAM,
                                "serve",
                                "--debug",
                                "--hg",
                                hg.toString(),
                                "--address",
                                directory.resolve("server.sock").toString()))) {
            daemon.awaitLog("warn no warm Mercurial");
            for (int i = 0; i < 3; i++) {
                assertThat(version(daemon)).contains("Mercurial");
            }
            daemon.stop();
            List<String> warnings = daemon.log().lines().filter(l -> l.contains(" warn ")).toList();
            assertThat(warnings).hasSize(1);
            return warnings.get(0);
        }
    }

    // what daemon and processes tell

    private static String username(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            return hg.run("config", "ui.username").out().strip();
        }
    }

    private static String version(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            return hg.run("version", "-q").out();
        }
    }

    private static String tip(Daemon daemon, Repository repository) throws Exception {
        try (Session hg = Session.to(daemon)) {
            String[] log = {"log", "-R", repository.toString(), "-l1", "-T", "{rev} {desc}"};
            return hg.run(log).out();
        }
    }

    private static void strip(Repository repository, String revision) throws Exception {
        repository
                .hg("--config", "extensions.strip=", "strip", "-q", "--no-backup", revision)
                .succeeded();
    }

    private static String request(String arguments) {
        return "runcommand\n" + length(arguments.length()) + arguments;
    }

    private static String length(int length) {
        return ""
                + (char) (length >> 24)
                + (char) (length >> 16 & 255)
                + (char) (length >> 8 & 255)
                + (char) (length & 255);
    }

    private static String command(long pid) throws Exception {
        return Files.readString(Path.of("/proc/" + pid + "/cmdline")).replace('\0', ' ');
    }

    private static long stat(long pid, int field) throws Exception {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[field]);
    }

    /** The template that was started last. */
    private static long template(Daemon daemon) throws Exception {
        Matcher line =
                Pattern.compile("started template process \\(pid=(\\d+)\\)").matcher(daemon.log());
        long pid = 0;
        while (line.find()) {
            pid = Long.parseLong(line.group(1));
        }
        return pid;
    }

    /** Forked, alive, and without a connection. */
    private static List<Long> idleWorkers(Daemon daemon) throws Exception {
        List<Long> idle = new ArrayList<>();
        String log = daemon.log();
        Matcher line = Pattern.compile("forked worker process \\(pid=(\\d+)\\)").matcher(log);
        while (line.find()) {
            long pid = Long.parseLong(line.group(1));
            if (!log.contains("worker process (pid=" + pid + ") is for")
                    && Processes.isAlive(pid)) {
                idle.add(pid);
            }
        }
        return idle;
    }

    private static void awaitIdle(Daemon daemon, int count) {
        await().until(() -> idleWorkers(daemon).size() >= count);
    }
}
