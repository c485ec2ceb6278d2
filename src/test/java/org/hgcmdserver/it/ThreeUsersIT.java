package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.hgcmdserver.client.CommandClient;
import org.hgcmdserver.posix.Users;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One server, four users, in the manner of dbus-broker's tests: one whose the server is, one who
 * attacks it, one whose repository is attacked too, and one who must not notice anything.
 */
@RunsOnce
@RunsAlone
class ThreeUsersIT {

    private static final String SERVER = "mail";
    private static final String ATTACKER = "daemon";
    private static final String VICTIM = "games";

    /** Functions in users.py, and what comes of them. */
    private static final String[] ATTACKS = {
        "anybytes",
        "askandneverread",
        "bytesforthelog",
        "codeforothers",
        "connectandgo",
        "falseserver",
        "fifos",
        "halfarequest",
        "hugemarkers",
        "morethanmyshare",
        "refused",
        "signals"
    };

    private static final String STALLED = "has not read for ";
    private static final int SESSIONS = 60;
    private static final double SLOWEST = 5;

    @TempDir Path directory;
    private String program;

    @BeforeEach
    void makeRepositories() throws Exception {
        LeftOut.unless(
                System.getProperty("user.name").equals("root"), "only root can act as other users");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        program = OtherUser.program(directory);
        Repository.create(directory, "victims").commit("a", "x", "the one");
        own(SERVER, "victims");
        Repository.create(directory, "thirds").commit("a", "x", "the one");
        own(SERVER, "thirds");
        Files.setPosixFilePermissions(
                directory.resolve("victims/.hg"), PosixFilePermissions.fromString("rwxrwxrwx"));
        Repository.create(directory, "mine").commit("big", "x".repeat(1 << 20), "big");
        own(ATTACKER, "mine");
        Repository fifos = Repository.create(directory, "fifos"); // large enough to be kept
        fifos.hg("debugbuilddag", "--config", "ui.username=t", "+1200").succeeded();
        own(ATTACKER, "fifos");
        Repository huge = Repository.create(directory, "huge");
        KeptRepositories.configure(huge, "[experimental]\nevolution=all\n");
        huge.commit("a", "x", "first").hg("commit", "--amend", "-m", "second").succeeded();
        Path markers = huge.path().resolve(".hg/store/obsstore");
        byte[] one = Files.readAllBytes(markers); // the version and one marker
        try (var out = new BufferedOutputStream(Files.newOutputStream(markers))) {
            out.write(one);
            for (int size = one.length; size < 4 << 20; size += one.length - 1) {
                out.write(one, 1, one.length - 1);
            }
        }
        own(ATTACKER, "huge");
        Path sticky = Files.createDirectory(directory.resolve("sticky"));
        Files.setAttribute(sticky, "unix:mode", 01777);
        Files.createDirectory(directory.resolve("home"));
        own(SERVER, "home");
    }

    private void own(String user, String name) throws Exception {
        Processes.run(directory, "chown", "-R", user + ":" + user, name).succeeded();
    }

    private Daemon start() throws Exception {
        Path own = Files.createDirectory(directory.resolve("server"));
        own(SERVER, "server");
        Path address = own.resolve("server.sock");
        List<String> options = new ArrayList<>();
        options.addAll(List.of("--workers", "prefork", "--max-repo-cache", "4"));
        options.addAll(List.of("--socket-mode", "0666", "--max-workers-per-user", "40"));
        options.addAll(List.of("--allow-user", String.join(",", ATTACKER, VICTIM, "root")));
        options.addAll(List.of("--idle-timeout", "2s", "--orphan-timeout", "2s"));
        options.addAll(List.of("--drain", "finish", "--address", address.toString()));
        List<String> command = OtherUser.command(SERVER, program, "serve");
        command.addAll(options);
        Daemon daemon =
                Daemon.launch(
                        own,
                        address,
                        env -> {
                            env.put("HOME", directory.resolve("home").toString());
                            env.put("HG_CMDSERVER_JAVA_OPTIONS", ""); // since times are compared
                        },
                        command);
        daemon.awaitLog(Prefork.READY);
        Prefork.awaitIdle(daemon, 1);
        return daemon;
    }

    @Test
    void thirdNoticesNothingOfAnAttackOnTheSecond() throws Exception {
        try (Daemon daemon = start()) {
            long start = System.nanoTime();
            double slowdown;
            int attempts = 0;
            do {
                slowdown = attack(daemon);
            } while (slowdown > SLOWEST && ++attempts < 3);
            assertThat(slowdown).as("nine of ten sessions' time").isLessThan(SLOWEST);
            assertThat(directory.resolve("victims/code-ran")).doesNotExist();
            daemon.stop();
            long minutes = TimeUnit.NANOSECONDS.toMinutes(System.nanoTime() - start);
            assertThat(daemon.log())
                    .doesNotContainPattern("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]")
                    .doesNotContain("Traceback");
            assertThat(daemon.log().lines().filter(line -> line.contains("refused pid")))
                    .as("a line in a minute")
                    .hasSizeBetween(1, (int) minutes + 2);
        }
    }

    /** Returns the time of all but the slowest tenth of sessions, in times of the quiet one. */
    private double attack(Daemon daemon) throws Exception {
        int stalled = count(daemon, STALLED);
        long quiet = mostTake(sessions(daemon));
        Process attacker = user(ATTACKER, "attack", daemon);
        BufferedReader ofAttacker = attacker.inputReader();
        assertThat(ofAttacker.readLine()).isEqualTo("begun");
        Process victim = user(VICTIM, "use", daemon);
        BufferedReader ofVictim = victim.inputReader();
        List<Long> times = sessions(daemon);
        FloodIT.await().until(() -> count(daemon, STALLED) > stalled);
        assertThat(ofAttacker.readLine()).isEqualTo("all");
        times.addAll(sessions(daemon));
        assertThat(ofVictim.readLine()).isEqualTo("all");
        attacker.outputWriter().close();
        victim.outputWriter().close();
        Map<String, Integer> attacks = counts(ofAttacker.lines().toList());
        double slowdown = (double) mostTake(times) / quiet;
        System.out.printf(
                "attack: nine of ten of %d sessions of another user within %.1f ms, %.1f times the quiet ones; %s%n",
                times.size(), mostTake(times) / 1e6, slowdown, attacks);
        assertThat(attacks.remove("bytesstolen")).isZero();
        assertThat(attacks).containsOnlyKeys(ATTACKS).doesNotContainValue(0);
        assertThat(counts(ofVictim.lines().toList()))
                .containsOnlyKeys("run", "untrustedfile", "untrustedserver", "use")
                .doesNotContainValue(0);
        return slowdown;
    }

    private static int count(Daemon daemon, String text) throws IOException {
        return daemon.log().split(text, -1).length - 1;
    }

    private Process user(String user, String role, Daemon daemon) throws Exception {
        String source; // an argument, since these users may not be able to read the file
        try (InputStream file = ThreeUsersIT.class.getResourceAsStream("/users.py")) {
            source = new String(file.readAllBytes(), UTF_8);
        }
        List<String> command = OtherUser.command(user, "/usr/bin/python3", "-c", source, role);
        command.addAll(List.of(daemon.address().toString(), directory.toString(), program));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** "NAME COUNT" in each line; any other line is a failure. */
    private static Map<String, Integer> counts(List<String> lines) {
        Map<String, Integer> counts = new TreeMap<>();
        for (String line : lines) {
            if (!line.isEmpty()) {
                assertThat(line).matches("[a-z]+ [0-9]+");
                counts.put(line.split(" ")[0], Integer.parseInt(line.split(" ")[1]));
            }
        }
        return counts;
    }

    /** The times of sessions with one command each, in nanoseconds. */
    private List<Long> sessions(Daemon daemon) throws Exception {
        List<Long> times = new ArrayList<>();
        String repository = directory.resolve("thirds").toString();
        long server = Users.userId(SERVER).orElseThrow();
        for (int i = 0; i < SESSIONS; i++) {
            long before = System.nanoTime();
            try (Session hg = new Session(CommandClient.connect(daemon.address(), server))) {
                Session.Answer answer = hg.run("log", "-R", repository, "-l1", "-T", "{desc}");
                assertThat(answer.out()).as("%s", answer).isEqualTo("the one");
            }
            times.add(System.nanoTime() - before);
        }
        return times;
    }

    private static long mostTake(List<Long> times) {
        return times.stream().sorted().toList().get(times.size() * 9 / 10);
    }
}
