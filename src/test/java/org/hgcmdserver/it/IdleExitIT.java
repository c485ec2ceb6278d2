package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A service that exits when idle, and that its socket starts again. */
class IdleExitIT {

    private static final long SECOND = 1_000_000_000L;

    @TempDir Path directory;

    @Test
    @RunsOnce
    void endsWithoutAConnection() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(
                        Daemon.PROGRAM,
                        "serve",
                        "--address",
                        address.toString(),
                        "--worker-command",
                        "cat",
                        "--idle-exit=100ms",
                        "--poll-interval=10ms");
        // not Daemon.start: the daemon may exit before that looks
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.log()).contains("listening at");
            assertThat(daemon.log()).contains("no connection for 0.1 s");
            assertThat(daemon.address()).doesNotExist();
        }
    }

    /**
     * The client connects before the service starts, and stays for much longer than the limit, in
     * this image of the daemon and the next.
     */
    @Test
    void doesNotEndWithAConnection() throws Exception {
        try (Daemon daemon =
                Daemon.activate(directory, "--idle-exit=10ms", "--poll-interval=1ms")) {
            try (Session hg = Session.to(daemon)) {
                daemon.awaitLog("listening at"); // a first worker answers before
                ReloadIT.reload(daemon);
                assertThat(hg.run("version", "-q").status()).isZero();
                assertThat(daemon.log()).doesNotContain("no connection for");
            }
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.log()).contains("no connection for");
        }
    }

    /**
     * Clients connect when the service is about to end, each a little later: this instance or the
     * next serves each of them. The manager starts the service as systemd does, when a connection
     * is queued at the socket.
     */
    @Test
    @RunsOnce
    @Timeout(900)
    void connectionInTheMomentOfTheEndIsServedByTheNextInstance() throws Exception {
        Path address = directory.resolve("server.sock");
        Path manager = directory.resolve("manager.py");
        Files.writeString(
                manager,
                """
                import os, select, socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.bind(sys.argv[1])
                s.listen(16)
                s.setblocking(False)
                starts = 0
                while not os.path.exists('enough'):
                    if not select.select([s], [], [], 0.1)[0]:
                        continue
                    starts += 1
                    pid = os.fork()
                    if not pid:
                        os.dup2(s.fileno(), 3)
                        os.set_inheritable(3, True)
                        os.environ['LISTEN_PID'] = str(os.getpid())
                        os.environ['LISTEN_FDS'] = '1'
                        os.execv(sys.argv[2], sys.argv[2:])
                    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                    if status:
                        sys.exit('status %d' % status)
                print('started', starts, flush=True)
                """);
        List<String> command =
                List.of(
                        "python3",
                        manager.toString(),
                        address.toString(),
                        Daemon.PROGRAM,
                        "serve",
                        "--idle-exit",
                        "40ms",
                        "--poll-interval",
                        "1ms",
                        "--worker-command",
                        "echo $PPID");
        int rounds = Integer.getInteger("hgcmdserver.idle.rounds", 30);
        try (Daemon services = Daemon.launch(directory, address, env -> {}, command)) {
            Daemon.awaitListening(address);
            int ends = 0; // between the first client and the second
            for (int i = 0; i < rounds; i++) {
                String daemon = daemonThatServes(address);
                // 30 to 70 ms later: around the limit of 40 ms and the time that the end takes
                long later =
                        System.nanoTime() + SECOND * 30 / 1000 + i * SECOND * 40 / 1000 / rounds;
                while (System.nanoTime() - later < 0) {
                    Thread.onSpinWait();
                }
                ends += daemon.equals(daemonThatServes(address)) ? 0 : 1;
            }
            Files.createFile(directory.resolve("enough"));
            assertThat(services.awaitExit()).as(services.log()).isZero();
            System.out.printf("%d rounds, the end came first in %d%n", rounds, ends);
            assertThat(services.log()).containsPattern("started (\\d+)");
            assertThat(ends)
                    .as("sometimes the end came first, and sometimes the connection")
                    .isBetween(1, rounds - 1);
        }
    }

    /** The process id of the daemon, which is the worker's parent. */
    private static String daemonThatServes(Path address) throws Exception {
        try (RawClient client = new RawClient(address)) {
            String said = client.readToEnd();
            assertThat(said).matches("\\d+\n");
            return said;
        }
    }
}
