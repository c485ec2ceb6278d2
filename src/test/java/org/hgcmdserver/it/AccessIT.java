package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which users may connect, and how many connections one user may have; the clients are real
 * processes of other users.
 */
@RunsOnce
class AccessIT {

    private static final boolean ROOT = System.getProperty("user.name").equals("root");

    /** A user and groups without entries in a database. */
    private static final String STRANGER = "54321";

    @TempDir Path directory;

    @Test
    void whoIsNotAllowedIsToldSo() throws Exception {
        String other = ROOT ? "daemon" : "root";
        try (Daemon daemon = Daemon.start(directory, "--allow-user", other);
                RawClient client = new RawClient(daemon.address())) {
            String user = "%s (uid %s)".formatted(id("-un"), id("-u"));
            assertThat(client.readFrame())
                    .isEqualTo(
                            "ehg-cmdserver: access denied: %s is not among those who may connect\n"
                                    .formatted(user));
            assertThat(client.readToEnd()).isEmpty();
            String refusal =
                    "refused pid %d, %s, gid %s: access denied"
                            .formatted(ProcessHandle.current().pid(), user, id("-g"));
            daemon.awaitLog("refused pid");
            assertThat(daemon.log().lines().filter(l -> l.contains("refused")))
                    .hasSize(1)
                    .allMatch(l -> l.contains(refusal));
            daemon.stop();
        }
    }

    /**
     * A client that sends a request before the hello reads the end of the connection, not
     * ECONNRESET.
     */
    @Test
    void whoIsNotAllowedAndHasAskedAlreadyIsToldSo() throws Exception {
        String other = ROOT ? "daemon" : "root";
        try (Daemon daemon = Daemon.start(directory, "--allow-user", other)) {
            Processes.stop(daemon.pid());
            try (RawClient client = new RawClient(daemon.address())) {
                client.runCommand("version -q");
                daemon.signal("CONT");
                assertThat(client.readFrame()).contains("access denied");
                assertThat(client.readToEnd()).isEmpty();
            }
            daemon.stop();
        }
    }

    @Test
    void ownUserIsAllowedByNameNumberAndGroup() throws Exception {
        for (String[] rule :
                new String[][] {
                    {"--allow-user", id("-un")},
                    {"--allow-user", "4242," + id("-u")},
                    {"--allow-user", "4242", "--allow-user", id("-u")},
                    {"--allow-group", id("-gn")},
                    {"--allow-group", id("-g"), "--allow-user", "4242"},
                }) {
            try (Daemon daemon = Daemon.start(directory, rule);
                    Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).as(rule[1]).isZero();
            }
        }
    }

    @Test
    void unknownNamesAreOneLine() throws Exception {
        for (String kind : new String[] {"user", "group"}) {
            Processes.Result result =
                    Processes.run(
                            directory,
                            Daemon.PROGRAM,
                            "serve",
                            "--check",
                            "--allow-" + kind,
                            "no-such-" + kind);
            assertThat(result.status()).isEqualTo(64);
            assertThat(result.err())
                    .isEqualTo(
                            "hg-cmdserver: there is no %s \"no-such-%s\"; correct --allow-%s\n"
                                    .formatted(kind, kind, kind));
        }
    }

    @Test
    void strangersByTheirGroups() throws Exception {
        LeftOut.unless(ROOT, "only root can act as another user");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Daemon daemon = Daemon.start(directory, "--socket-mode", "0666")) {
            assertThat(firstFrameFor("1,2", daemon)).contains("access denied: uid " + STRANGER);
            assertThat(daemon.log()).contains("who may connect: users [0]");
        }
        try (Daemon daemon =
                Daemon.start(
                        directory,
                        "--socket-mode=0666",
                        "--allow-group=60001",
                        "--allow-group=60002")) {
            assertThat(firstFrameFor("1,2", daemon)).contains("access denied: uid " + STRANGER);
            assertThat(firstFrameFor("1,60002", daemon)).contains("capabilities");
            // more groups than fit into the first buffer
            StringBuilder many = new StringBuilder("60001");
            for (int i = 0; i < 200; i++) {
                many.append(',').append(70000 + i);
            }
            assertThat(firstFrameFor(many.toString(), daemon)).contains("capabilities");
        }
    }

    /** On a socket of the service manager the socket's permissions decide. */
    @Test
    void inheritedSocketIsForWhoeverCanWriteToIt() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(
                        "systemd-socket-activate",
                        "-l",
                        address.toString(),
                        Daemon.PROGRAM,
                        "serve",
                        "--debug",
                        "--workers",
                        Daemon.WORKERS);
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            Daemon.awaitListening(address);
            if (ROOT) {
                Files.setPosixFilePermissions(
                        directory, PosixFilePermissions.fromString("rwxr-xr-x"));
                Files.setPosixFilePermissions(
                        address, PosixFilePermissions.fromString("rw-rw-rw-"));
                assertThat(firstFrameFor("1", daemon)).contains("capabilities");
            }
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            daemon.awaitLog("listening at"); // its first workers answer before
            assertThat(daemon.log())
                    .contains("who may connect: by the permissions of " + address + ", rw")
                    .contains("of user " + id("-un"));
            daemon.stop();
        }
    }

    @Test
    void oneUserMayHaveSoManyConnections() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--max-workers-per-user", "2")) {
            List<RawClient> two = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                two.add(new RawClient(daemon.address()));
                assertThat(two.get(i).readFrame()).contains("capabilities");
            }
            try (RawClient third = new RawClient(daemon.address())) {
                assertThat(third.readFrame())
                        .contains("has 2 connections, as many as one user may have");
                assertThat(third.readToEnd()).isEmpty();
            }
            two.get(0).close();
            await().until(() -> daemon.connections() == 1);
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            two.get(1).close();
            daemon.stop();
        }
    }

    private String firstFrameFor(String groups, Daemon daemon) throws Exception {
        String python =
                "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                        + "print(s.recv(1000))";
        return Processes.run(
                        directory,
                        "setpriv",
                        "--reuid",
                        STRANGER,
                        "--regid",
                        STRANGER,
                        "--groups",
                        groups,
                        "/usr/bin/python3",
                        "-c",
                        python,
                        daemon.address().toString())
                .succeeded()
                .out();
    }

    private static String id(String option) throws Exception {
        return Processes.run(Path.of("/"), "id", option).succeeded().out().strip();
    }
}
