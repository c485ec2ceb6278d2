package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.client.CommandClient;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Activation by launchd, with a library compiled here in place of macOS's: the listening socket is
 * a descriptor that the daemon asks for.
 */
class LaunchdIT {

    private static final int FD = 7;

    /** Holds the socket like launchd, and starts the job on it twice. */
    private static final String LAUNCHD =
            """
            import os, socket, sys
            address, fd = sys.argv[1], int(sys.argv[2])
            s = socket.socket(socket.AF_UNIX)
            s.bind(address)
            s.listen(16)
            for instance in range(2):
                pid = os.fork()
                if not pid:
                    os.dup2(s.fileno(), fd)
                    os.execv(sys.argv[3], sys.argv[3:])
                print('instance', instance, pid, flush=True)
                print('status', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            """;

    @TempDir static Path compiled;

    @TempDir Path directory;

    private static String library;

    @BeforeAll
    static void compile() throws Exception {
        library = StandInLibrary.compile(compiled, "launchd.c");
    }

    @Test
    void servesLaunchdsSocketAndLeavesItsQueue() throws Exception {
        Path address = directory.resolve("server.sock");
        try (Daemon launchd =
                Daemon.launch(
                        directory,
                        address,
                        env -> use(env, "" + FD),
                        List.of(
                                "python3",
                                "-c",
                                LAUNCHD,
                                address.toString(),
                                "" + FD,
                                Daemon.PROGRAM,
                                "serve",
                                "--workers",
                                Daemon.WORKERS))) {
            launchd.awaitLog("listening at " + address);
            assertThat(launchd.log()).contains("launchd: its array was freed");
            try (Session hg = new Session(CommandClient.connect(address))) {
                assertThat(hg.run("version", "-q").status()).isZero();
                assertThat(Processes.sockets(hg.pid()).stream().distinct())
                        .as("the worker has the connection, and not the listener")
                        .doesNotContain(socketOf(instance(launchd, 0)));
            }
            long first = instance(launchd, 0);
            Processes.stop(first);
            try (RawClient queued = new RawClient(address)) {
                Processes.signal(first, "TERM");
                Processes.signal(first, "CONT");
                launchd.awaitLog("instance 1");
                assertThat(queued.readFrame()).contains("runcommand");
            }
            assertThat(address).as("launchd's socket").exists();
            Processes.signal(instance(launchd, 1), "TERM");
            assertThat(launchd.awaitExit()).isZero();
            assertThat(launchd.log()).containsPattern("(?s)status 0.*status 0");
        }
    }

    @Test
    @RunsOnce
    void startedBySomebodyElseItBindsItsOwn() throws Exception {
        try (Daemon daemon = Daemon.start(directory, env -> use(env, "ESRCH"));
                Session hg = Session.to(daemon)) {
            assertThat(hg.run("version", "-q").status()).isZero();
        }
    }

    @Test
    @RunsOnce
    void propertyListWithoutTheSocket() throws Exception {
        assertThat(serveWith("ENOENT", "/dev/null"))
                .contains("no socket named Listener", "under Sockets in the property list");
    }

    @Test
    @RunsOnce
    void takenBefore() throws Exception {
        assertThat(serveWith("EALREADY", "/dev/null"))
                .contains("cannot take the socket from launchd", "already in progress");
    }

    @Test
    @RunsOnce
    void severalSockets() throws Exception {
        assertThat(serveWith("7 8", "/dev/null")).contains("2 sockets", "exactly one");
    }

    @Test
    @RunsOnce
    void wrongKindsOfSockets() throws Exception {
        assertThat(serveWith("7", "/dev/null"))
                .contains("descriptor 7 (Listener) is not a socket", "SockPathName");
        assertThat(serveWith("7", "socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()"))
                .contains("not an AF_UNIX socket", "SockPathName");
        assertThat(serveWith("7", "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)"))
                .contains("not a stream socket", "SockType");
        assertThat(serveWith("7", "socket.socket(socket.AF_UNIX)"))
                .contains("not a listening socket", "SockPassive");
    }

    private static void use(Map<String, String> environment, String sockets) {
        environment.put("LAUNCHD_SOCKETS", sockets);
        environment.put("HG_CMDSERVER_JAVA_OPTIONS", "-Dhgcmdserver.launchd.lib=" + library);
    }

    /** The error, of one line, of a job with such a socket. */
    private String serveWith(String sockets, String descriptor) throws Exception {
        String make = descriptor.startsWith("/") ? "open('" + descriptor + "')" : descriptor;
        String start =
                "import os, socket, sys\ns = %s\nos.dup2(s.fileno(), %d)\nos.execv(sys.argv[1], sys.argv[1:])"
                        .formatted(make, FD);
        List<String> command = new ArrayList<>(List.of("env"));
        command.add("LAUNCHD_SOCKETS=" + sockets);
        command.add("HG_CMDSERVER_JAVA_OPTIONS=-Dhgcmdserver.launchd.lib=" + library);
        command.addAll(List.of("python3", "-c", start, Daemon.PROGRAM, "serve"));
        Processes.Result result = Processes.run(directory, command.toArray(String[]::new));
        assertThat(result.status()).as(result.err()).isEqualTo(1);
        String line = result.err().replace("launchd: its array was freed\n", "");
        assertThat(line.lines()).hasSize(1);
        return line;
    }

    private static String socketOf(long daemon) throws IOException {
        return Processes.descriptors(daemon).stream()
                .filter(d -> d.startsWith(FD + " -> "))
                .findFirst()
                .orElseThrow()
                .replaceFirst(".* -> ", "");
    }

    private static long instance(Daemon launchd, int number) throws Exception {
        String line = "instance " + number;
        await().until(() -> launchd.log().contains(line));
        return Long.parseLong(
                launchd.log()
                        .lines()
                        .filter(l -> l.startsWith(line))
                        .findFirst()
                        .orElseThrow()
                        .split(" ")[2]);
    }
}
