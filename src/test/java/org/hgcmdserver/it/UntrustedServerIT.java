package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers of another user: a client sends nothing to one that its user has not named. */
@RunsOnce
class UntrustedServerIT {

    private static final String USER = OtherUser.NAME;

    /** A user without an entry in a database. */
    private static final String STRANGER = "54321";

    /**
     * A false server: says hello, asks a command for its input, and prints, in one line for each
     * connection, all that it has received.
     */
    private static final String SERVER =
            """
            import os, socket, struct, sys
            s = socket.socket(socket.AF_UNIX)
            s.bind(sys.argv[1])
            os.chmod(sys.argv[1], 0o666)
            s.listen(9)
            hello = b'capabilities: runcommand\\nencoding: UTF-8\\npid: %d' % os.getpid()
            def serve(connection):
                connection.sendall(struct.pack('>cI', b'o', len(hello)) + hello)
                received = b''
                for answer in struct.pack('>cI', b'I', 99), struct.pack('>cIi', b'r', 4, 0), b'':
                    data = connection.recv(9999)
                    if not data:
                        break
                    received += data
                    connection.sendall(answer)
                return received
            while True:
                try:
                    received = serve(s.accept()[0])
                except OSError: # the client has not read the hello
                    received = b''
                print('received', received, flush=True)
            """;

    @TempDir Path directory;
    private Path open;

    @BeforeEach
    void makeOpenDirectory() throws Exception {
        OtherUser.letInto(directory);
        open = Files.createDirectory(directory.resolve("open"));
        Files.setAttribute(open, "unix:mode", 01777);
    }

    private static Process listen(Path address) throws Exception {
        Process server = OtherUser.start("/usr/bin/python3", "-c", SERVER, address.toString());
        Daemon.awaitListening(address);
        await().until(
                        () ->
                                PosixFilePermissions.toString(
                                                Files.getPosixFilePermissions(address))
                                        .equals("rw-rw-rw-"));
        return server;
    }

    private Processes.Result run(Path address, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(Daemon.PROGRAM, "run", "--no-chg"));
        command.addAll(List.of("--address", address.toString()));
        command.addAll(List.of(options));
        command.addAll(List.of("--", "commit", "-m", "words"));
        return Processes.runWithInput(directory, "secret\n", command.toArray(String[]::new));
    }

    private Processes.Result status(Path address, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(Daemon.PROGRAM, "status"));
        command.addAll(List.of("--address", address.toString()));
        command.addAll(List.of(options));
        return Processes.run(directory, command.toArray(String[]::new));
    }

    private static void assertRefused(Processes.Result result, int status, String message) {
        assertThat(result.status()).as(result.toString()).isEqualTo(status);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).hasLineCount(1).startsWith("hg-cmdserver: " + message);
    }

    @Test
    void falseServerReceivesNothing() throws Exception {
        Path address = open.resolve("s");
        Process server = listen(address);
        try (BufferedReader received = server.inputReader()) {
            String message =
                    "cannot trust the server at %s: %s (uid 1) listens there, who is %s; to use a server of that user,"
                            + " give --server-user %2$s, or server-user = %2$s in the section [client] of"
                            + " /etc/hg-cmdserver/hg-cmdserver.conf\n";
            String notRoots = message.formatted(address, USER, "not root");
            assertRefused(run(address), 1, notRoots);
            assertThat(received.readLine()).isEqualTo("received b''");
            assertRefused(status(address), 3, notRoots);
            assertThat(received.readLine()).isEqualTo("received b''");
            assertRefused(
                    run(address, "--server-user", "bin"),
                    1,
                    message.formatted(address, USER, "neither bin nor root"));
            assertThat(received.readLine()).isEqualTo("received b''");
            assertRefused(
                    run(address, "--server-user=nosuch"),
                    64,
                    "there is no user \"nosuch\"; correct --server-user\n");
            for (String named : List.of(USER, "1")) {
                Processes.Result result = run(address, "--server-user", named);
                assertThat(result).isEqualTo(new Processes.Result(0, "", ""));
                assertThat(received.readLine())
                        .as("with the server's user named, as " + named)
                        .contains("words")
                        .contains("secret");
            }
        } finally {
            server.destroy();
        }
    }

    @Test
    void serverOfTheUserThatIsNamed() throws Exception {
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Processes.run(directory, "chown", USER, theirs.toString()).succeeded();
        Path address = theirs.resolve("s");
        List<String> command =
                OtherUser.command(USER, OtherUser.program(directory), "serve", "--debug");
        command.addAll(List.of("--workers", "spawn", "--address", address.toString()));
        try (Daemon daemon =
                Daemon.launch(
                        theirs, address, env -> env.put("HOME", theirs.toString()), command)) {
            daemon.awaitLog("listening at");
            assertRefused(
                    status(address),
                    3,
                    "cannot trust the server at %s: %s belongs to %s, who can replace files there; to use a server of"
                            .formatted(address, theirs, USER));
            Processes.Result status = status(address, "--server-user", USER);
            assertThat(status.succeeded().out())
                    .contains("listening: process %d of %s\n".formatted(daemon.pid(), USER));
            daemon.stop();
        }
    }

    /** The file of a user, whatever the address comes from. */
    @Test
    void configurationNamesTheServersUser() throws Exception {
        Path file = directory.resolve("config/hg-cmdserver/hg-cmdserver.conf");
        Files.createDirectories(file.getParent());
        Path address = open.resolve("s");
        String[] status =
                OtherUser.command(
                                STRANGER,
                                "env",
                                "XDG_CONFIG_HOME=" + directory.resolve("config"),
                                OtherUser.program(directory),
                                "status",
                                "--address",
                                address.toString())
                        .toArray(String[]::new);
        Process server = listen(address);
        try {
            Files.writeString(file, "[client]\naddress = /nowhere\n");
            Processes.Result refused = Processes.run(directory, status);
            assertRefused(refused, 3, "cannot trust the server at " + address);
            assertThat(refused.err())
                    .contains("who is neither this user nor root;")
                    .endsWith("in the section [client] of " + file + "\n");
            Files.writeString(file, "[client]\nserver-user = nosuch\n[serve]\n");
            assertRefused(
                    Processes.run(directory, status),
                    78,
                    file + ": there is no user \"nosuch\"; correct server-user\n");
            Files.writeString(file, "[client]\nserver-user = " + USER + "\n[serve]\n");
            assertThat(Processes.run(directory, status).succeeded().out())
                    .contains("listening: process %d of %s\n".formatted(server.pid(), USER));
            Processes.run(
                            directory,
                            Daemon.PROGRAM,
                            "serve",
                            "--check",
                            "--config-file=" + file,
                            "--address=" + directory.resolve("t"))
                    .succeeded();
        } finally {
            server.destroy();
        }
    }

    /** Whoever can rename a directory on the way can have another server of root's answer. */
    @Test
    void socketThatAnotherUserCanReplace() throws Exception {
        Path parent = Files.createDirectory(directory.resolve("parent"));
        Path own = Files.createDirectory(parent.resolve("own"));
        try (Daemon daemon = Daemon.start(own)) {
            Path address = daemon.address();
            status(address).succeeded();
            Processes.run(directory, "chmod", "0777", parent.toString()).succeeded();
            String untrusted = "cannot trust the server at %s: ".formatted(address);
            String open =
                    "all users can replace files in %1$s; protect it with: chmod go-w %1$s\n"
                            .formatted(parent);
            assertRefused(status(address), 3, untrusted + open);
            assertRefused(run(address, "--server-user", STRANGER), 1, untrusted + open);
            Processes.run(directory, "chmod", "0755", parent.toString()).succeeded();
            Processes.run(directory, "chown", STRANGER, parent.toString()).succeeded();
            String theirs = parent + " belongs to uid " + STRANGER;
            assertRefused(status(address), 3, untrusted + theirs);
            assertRefused(run(address), 1, untrusted + theirs);
            status(address, "--server-user", STRANGER).succeeded();
            daemon.stop();
        }
    }

    /** In a user namespace all users that it does not map have the same id. */
    @Test
    void userWithoutAnIdIsNobodys() throws Exception {
        List<String> inNamespace = List.of("unshare", "--map-root-user");
        LeftOut.unless(
                Processes.run(directory, "unshare", "--map-root-user", "true").status() == 0,
                "this user must not make user namespaces");
        Path address = open.resolve("s");
        Process server = listen(address);
        try {
            for (String named : List.of("root", "65534")) {
                List<String> command = new ArrayList<>(inNamespace);
                command.addAll(List.of(Daemon.PROGRAM, "status", "--address", "" + address));
                command.addAll(List.of("--server-user", named));
                assertRefused(
                        Processes.run(directory, command.toArray(String[]::new)),
                        3,
                        "cannot trust the server at %s: the user who listens there has no id in this user namespace\n"
                                .formatted(address));
            }
        } finally {
            server.destroy();
        }
    }
}
