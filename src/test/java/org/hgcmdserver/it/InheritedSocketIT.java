package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Socket activation: the listening socket is descriptor 3, passed as systemd passes it. */
class InheritedSocketIT {

    @TempDir Path directory;

    @Test
    void activatedByTheFirstClient() throws Exception {
        try (Daemon daemon = Daemon.activate(directory)) {
            Path address = daemon.address();
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
                daemon.awaitLog("listening at " + address); // a worker has answered before
                assertThat(Processes.status(hg.pid(), "PPid")).isEqualTo("" + daemon.pid());
                // the worker has the connection, not the listener
                assertThat(
                                Processes.descriptors(hg.pid()).stream()
                                        .filter(d -> d.contains("socket:"))
                                        .map(d -> d.replaceFirst(".* -> ", ""))
                                        .distinct())
                        .hasSize(1);
                daemon.signal("TERM");
                daemon.awaitDrain();
            }
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.address()).as("the service manager's socket").exists();
        }
    }

    /** Else the clients would wait while the service manager starts the service again and again. */
    @Test
    @RunsOnce
    void clientsOfAServiceThatCannotStartReadTheReason() throws Exception {
        Path file = Files.writeString(directory.resolve("wrong.conf"), "max-workers = many\n");
        Map<List<String>, String> reasons =
                Map.of(
                        List.of("--config-file", file.toString()),
                        file + ":1: ",
                        List.of("--hg", "/no/such/hg"),
                        "/no/such/hg",
                        List.of("--nonsense"),
                        "--nonsense",
                        List.of("--repository", directory.toString()),
                        "is not a Mercurial repository");
        for (Map.Entry<List<String>, String> each : reasons.entrySet()) {
            String[] options = each.getKey().toArray(String[]::new);
            assertTold(Daemon.activate(directory, options), each.getValue());
        }
    }

    @Test
    @RunsOnce
    void clientsOfALauncherWithoutJavaReadTheReason() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(
                        "systemd-socket-activate",
                        "--setenv=JAVA_HOME=/no/such/java",
                        "-l",
                        address.toString(),
                        Daemon.PROGRAM,
                        "serve",
                        "--max-workers=8"); // else a first worker would serve the client
        Daemon service = Daemon.launch(directory, address, environment -> {}, command);
        Daemon.awaitListening(address);
        assertTold(service, "install a Java runtime");
    }

    private static void assertTold(Daemon service, String reason) throws Exception {
        try (service;
                RawClient client = new RawClient(service.address())) {
            assertThat(client.readFrame())
                    .startsWith("ehg-cmdserver: the service cannot start: ")
                    .contains(reason);
            assertThat(client.readToEnd()).isEmpty();
            assertThat(service.awaitExit()).isEqualTo(78);
        }
    }

    @Test
    @RunsOnce
    void backlogIsLeftForTheNextInstance() throws Exception {
        Path address = directory.resolve("server.sock");
        // holds the socket like a service manager, and starts the service twice on it
        Path manager = directory.resolve("manager.py");
        Files.writeString(
                manager,
                """
                import os, socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.bind(sys.argv[1])
                s.listen(16)
                for instance in range(2):
                    pid = os.fork()
                    if not pid:
                        os.dup2(s.fileno(), 3)
                        os.set_inheritable(3, True)
                        os.environ['LISTEN_PID'] = str(os.getpid())
                        os.environ['LISTEN_FDS'] = '1'
                        os.execv(sys.argv[2], sys.argv[2:])
                    print('instance', instance, pid, flush=True)
                    print('status', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
                """);
        List<String> command =
                List.of(
                        "python3",
                        manager.toString(),
                        address.toString(),
                        Daemon.PROGRAM,
                        "serve",
                        "--debug");
        try (Daemon services = Daemon.launch(directory, address, env -> {}, command)) {
            services.awaitLog("listening at " + address);
            long first = instance(services, 0);
            Processes.stop(first);
            try (RawClient queued = new RawClient(address)) {
                Processes.signal(first, "TERM");
                Processes.signal(first, "CONT");
                services.awaitLog("instance 1");
                assertThat(queued.readFrame()).contains("runcommand");
            }
            // a first worker answers before; until then a signal would end the launcher
            await().until(() -> services.log().split("listening at", -1).length == 3);
            assertThat(address).exists();
            Processes.signal(instance(services, 1), "TERM");
            assertThat(services.awaitExit()).isZero();
            assertThat(services.log()).containsPattern("(?s)status 0.*status 0");
        }
    }

    @Test
    @RunsOnce
    void variablesForAnotherProcessDoNotCount() throws Exception {
        try (Daemon daemon =
                Daemon.start(
                        directory,
                        env -> {
                            env.put("LISTEN_PID", "1");
                            env.put("LISTEN_FDS", "1");
                        })) {
            daemon.stop();
            assertThat(daemon.address()).doesNotExist();
        }
    }

    @Test
    @RunsOnce
    void wrongNumberOfSockets() throws Exception {
        assertThat(serveWith("LISTEN_FDS=2", "/dev/null")).contains("takes exactly one socket");
        assertThat(serveWith("LISTEN_FDS=x", "/dev/null")).contains("LISTEN_FDS is \"x\"");
    }

    @Test
    @RunsOnce
    void descriptorThatIsNoSocket() throws Exception {
        assertThat(serveWith("LISTEN_FDS=1", "/dev/null"))
                .contains("the inherited descriptor 3 (unknown) is not a socket");
    }

    @Test
    @RunsOnce
    void tcpSocket() throws Exception {
        assertThat(
                        serveWith(
                                "LISTEN_FDS=1",
                                "socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()"))
                .contains("is not an AF_UNIX socket");
    }

    @Test
    @RunsOnce
    void datagramSocket() throws Exception {
        assertThat(serveWith("LISTEN_FDS=1", "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)"))
                .contains("is not a stream socket");
    }

    @Test
    @RunsOnce
    void socketThatDoesNotListen() throws Exception {
        assertThat(serveWith("LISTEN_FDS=1", "socket.socket(socket.AF_UNIX)"))
                .contains("is not a listening socket");
    }

    private static long instance(Daemon services, int number) throws Exception {
        services.awaitLog("instance " + number);
        return Long.parseLong(
                services.log()
                        .lines()
                        .filter(l -> l.startsWith("instance " + number))
                        .findFirst()
                        .orElseThrow()
                        .split(" ")[2]);
    }

    /** Serves with such a descriptor 3; returns the error, which is one line. */
    private String serveWith(String variable, String descriptor) throws Exception {
        String make = descriptor.startsWith("/") ? "open('" + descriptor + "')" : descriptor;
        String python =
                "import os, socket, sys\ns = "
                        + make
                        + "\nos.dup2(s.fileno(), 3)\nos.set_inheritable(3, True)\nos.environ['LISTEN_PID'] = str(os.getpid())\n"
                        + "n, v = sys.argv[1].split('=')\nos.environ[n] = v\nos.execv(sys.argv[2], sys.argv[2:])";
        Processes.Result result =
                Processes.run(
                        directory, "python3", "-c", python, variable, Daemon.PROGRAM, "serve");
        assertThat(result.status()).as(result.err()).isEqualTo(1);
        assertThat(result.err().lines()).hasSize(1);
        return result.err();
    }
}
