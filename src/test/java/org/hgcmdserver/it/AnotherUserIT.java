package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.BufferedReader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients of another user than the daemon's, as of the system's shared server. */
class AnotherUserIT {

    private static final boolean ROOT = System.getProperty("user.name").equals("root");

    /** A user of each Debian, uid 1. */
    private static final String USER = "daemon";

    /**
     * Connects, and prints the hello's fields; then sends each line of its input as a request, in
     * words separated by tabs, and prints the answer's frames. Each thing in one line.
     */
    private static final String CLIENT =
            """
            import socket, struct, sys
            s = socket.socket(socket.AF_UNIX)
            s.connect(sys.argv[1])
            f = s.makefile('rb')
            def frame():
                channel, length = struct.unpack('>cI', f.read(5))
                return channel, f.read(length)
            print(frame()[1].decode().replace('\\n', ' '), flush=True)
            for line in sys.stdin:
                name, *words = line.rstrip('\\n').split('\\t')
                block = '\\0'.join(words).encode()
                s.sendall(name.encode() + b'\\n' + struct.pack('>I', len(block)) + block)
                said = []
                while not said or said[-1][0] != b'r':
                    said.append(frame())
                print(' '.join('%s%r' % (c.decode(), d.decode('latin1')) for c, d in said), flush=True)
            """;

    private static final String DONE = "r'\\x00\\x00\\x00\\x00'";

    @TempDir Path directory;

    @BeforeEach
    void letOthersIn() throws Exception {
        LeftOut.unless(ROOT, "only root can act as another user");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Daemon start(String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of("--socket-mode", "0666"));
        all.addAll(List.of("--allow-user", USER + ",root"));
        all.addAll(List.of(options));
        return Daemon.start(directory, all.toArray(String[]::new));
    }

    private Process as(String user, String... command) throws Exception {
        // a shell has its background processes ignore SIGINT, this one perhaps
        List<String> all = new ArrayList<>(List.of("env", "--default-signal=INT"));
        all.addAll(OtherUser.command(user, command));
        return new ProcessBuilder(all)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
    }

    /** A connection of a user's process. */
    private final class Client implements AutoCloseable {

        private final Process process;
        private final BufferedReader out;
        private final Writer in;
        final String hello;

        Client(Daemon daemon, String user) throws Exception {
            String address = daemon.address().toString();
            process = as(user, "/usr/bin/python3", "-c", CLIENT, address);
            out = process.inputReader();
            in = process.outputWriter();
            hello = out.readLine();
        }

        String field(String name) {
            return hello.replaceFirst(".*\\b" + name + ": (\\w+).*", "$1");
        }

        String ask(String... words) throws Exception {
            in.append(String.join("\t", words)).append('\n').flush();
            return out.readLine();
        }

        @Override
        public void close() throws Exception {
            in.close();
            process.waitFor();
        }
    }

    /** The daemon's user owns the command, so the client itself cannot signal it. */
    @Test
    void interruptReachesTheCommandAlsoAfterAReload() throws Exception {
        String program = OtherUser.program(directory);
        try (Daemon daemon = start()) {
            for (String signal : List.of("INT", "TERM")) {
                Gate gate = new Gate(directory);
                Process run =
                        as(
                                USER,
                                program,
                                "run",
                                "--no-chg",
                                "--address",
                                daemon.address().toString(),
                                "--",
                                "version",
                                "-q",
                                "--config",
                                gate.hook("version"));
                gate.awaitReached();
                if (signal.equals("TERM")) {
                    daemon.signal("HUP");
                    await().until(() -> daemon.log().split("listening at").length == 3);
                    if (Daemon.PREFORK) { // a worker takes the signal to the command
                        Prefork.awaitReady(daemon, 2);
                        Prefork.awaitIdle(daemon, 1);
                    }
                }
                Processes.signal(run.pid(), signal);
                String said = new String(run.getInputStream().readAllBytes());
                assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(said)
                        .doesNotContain("hg-cmdserver:")
                        .contains(signal.equals("INT") ? "interrupted!" : "killed!");
                assertThat(run.exitValue()).as(said).isEqualTo(255);
                daemon.awaitNoConnection();
            }
            daemon.stop();
        }
    }

    @Test
    void keyIsForOneWorkerAndOneUser() throws Exception {
        try (Daemon daemon = start();
                Client client = new Client(daemon, USER);
                Client other = new Client(daemon, USER);
                Client root = new Client(daemon, "root")) {
            assertThat(root.hello).doesNotContain("cancel");
            String pid = client.field("pid");
            await().until(
                            () ->
                                    Prefork.command(Long.parseLong(pid))
                                            .contains("worker for " + USER));
            String key = client.field("cancel");
            assertThat(key).hasSize(64).isNotEqualTo(other.field("cancel"));
            String refused = "no worker has this pid and this key";
            assertThat(root.ask("cancel", "INT", pid, key)).contains(refused);
            assertThat(other.ask("cancel", "INT", pid, other.field("cancel"))).contains(refused);
            assertThat(other.ask("cancel", "INT", "1", key)).contains(refused);
            assertThat(other.ask("cancel", "KILL", pid, key))
                    .contains("a cancel request has a signal");
            assertThat(client.ask("runcommand", "version", "-q")).endsWith(DONE);
            assertThat(other.ask("cancel", "TERM", pid, key)).isEqualTo(DONE);
            await().until(() -> !Processes.isAlive(Long.parseLong(pid)));
            String hook = "hooks.pre-version=env";
            assertThat(other.ask("runcommand", "version", "-q", "--config", hook))
                    .contains("HGPLAIN=1")
                    .doesNotContain("HG_CMDSERVER_CANCEL");
            client.close();
            other.close();
            root.close();
            daemon.stop();
        }
    }

    @Test
    void commitsAreTheirUsersUnlessTheyNameAnother() throws Exception {
        Repository repository = createRepository();
        String full = Processes.run(directory, "getent", "passwd", USER).out().split(":")[4];
        String expected = (full + " <daemon@example.org>").strip();
        try (Daemon daemon = start("--peer-email-domain", "example.org")) {
            try (Client client = new Client(daemon, USER)) {
                commit(client, repository, "theirs");
                commit(client, repository, "named", "--config", "ui.username=Bob");
                commit(client, repository, "theirs again");
                commit(client, repository, "by option", "-u", "Carol");
            }
            try (Client root = new Client(daemon, "root")) {
                commit(root, repository, "the daemon's user's");
            }
            daemon.stop();
        }
        assertThat(repository.hg("log", "-r", "0:3", "-T", "{desc}: {author}\n").out())
                .isEqualTo(
                        "theirs: %1$s\nnamed: Bob\ntheirs again: %1$s\nby option: Carol\n"
                                .formatted(expected));
        assertThat(repository.hg("log", "-r", "4", "-T", "{author}").out())
                .startsWith("root@")
                .doesNotContain("example.org");
    }

    /** The service's own configuration may name a user for all. */
    @Test
    void configuredUserIsKept() throws Exception {
        Repository repository = createRepository();
        Path home = Files.createDirectory(directory.resolve("home"));
        Files.writeString(home.resolve(".hgrc"), "[ui]\nusername = Robot\n");
        try (Daemon daemon =
                        Daemon.start(
                                directory,
                                env -> env.put("HOME", home.toString()),
                                "--socket-mode=0666",
                                "--allow-user=" + USER);
                Client client = new Client(daemon, USER)) {
            commit(client, repository, "for all");
            client.close();
            daemon.stop();
        }
        assertThat(repository.hg("log", "-T", "{author}").out()).isEqualTo("Robot");
    }

    /** A repository without a user name of its own. */
    private Repository createRepository() throws Exception {
        Repository repository = Repository.create(directory, "repository");
        Files.delete(repository.path().resolve(".hg/hgrc"));
        return repository;
    }

    private static void commit(Client client, Repository to, String message, String... options)
            throws Exception {
        List<String> words = new ArrayList<>(List.of("runcommand", "commit", "-R", to.toString()));
        words.addAll(List.of("-m", message, "--config", "ui.allowemptycommit=1"));
        words.addAll(List.of(options));
        assertThat(client.ask(words.toArray(String[]::new))).endsWith(DONE);
    }

    /** It names a process of root's as its worker, to a client that trusts its user. */
    @Test
    @RunsOnce
    void falseServerHasRootSignalNobody() throws Exception {
        String server =
                """
                import os, socket, struct, sys
                s = socket.socket(socket.AF_UNIX)
                s.bind(sys.argv[1])
                os.chmod(sys.argv[1], 0o666)
                s.listen(1)
                hello = ('capabilities: runcommand\\nencoding: UTF-8\\npid: %s\\npgid: %s' % (2 * (sys.argv[2],))).encode()
                connection, _address = s.accept()
                connection.sendall(struct.pack('>cI', b'o', len(hello)) + hello)
                connection.recv(1000)
                print('asked', flush=True)
                connection.recv(1)
                """;
        Path open = Files.createDirectory(directory.resolve("open"));
        Files.setAttribute(open, "unix:mode", 01777);
        Path address = open.resolve("s");
        Process victim = new ProcessBuilder("setsid", "sleep", "1000").start();
        try {
            String leader = String.valueOf(victim.pid());
            await().until(() -> leader.equals(Processes.status(victim.pid(), "NSpgid")));
            Process listening = as(USER, "/usr/bin/python3", "-c", server, "" + address, leader);
            Daemon.awaitListening(address);
            Process run =
                    as(
                            "root",
                            Daemon.PROGRAM,
                            "run",
                            "--no-chg",
                            "--server-user=" + USER,
                            "--address=" + address,
                            "--",
                            "log");
            try (BufferedReader said = listening.inputReader()) {
                assertThat(said.readLine()).isEqualTo("asked");
            }
            Processes.signal(run.pid(), "INT");
            try (BufferedReader said = run.inputReader()) {
                assertThat(said.readLine()).contains("names process " + leader + " of uid 0");
            }
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(victim.isAlive()).isTrue();
            listening.destroy();
        } finally {
            victim.destroy();
        }
    }
}
