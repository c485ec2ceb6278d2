package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Users whose connections wait take turns, also across a reload. */
class TurnsIT {

    private static final int CROWD = 20;

    /**
     * Opens connections, prints a line for each hello, and closes the connection that got the first
     * hello for each line of input.
     */
    private static final String CLIENTS =
            """
            import select, socket, sys
            waiting, served = [], []
            for _ in range(int(sys.argv[2])):
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].connect(sys.argv[1])
            while waiting or served:
                for ready in select.select(waiting + [sys.stdin], [], [])[0]:
                    if ready is sys.stdin:
                        if not sys.stdin.readline():
                            sys.exit()
                        served.pop(0).close()
                    else:
                        assert ready.recv(5)[:1] == b'o'
                        waiting.remove(ready)
                        served.append(ready)
                        print('hello', flush=True)
            """;

    @TempDir Path directory;

    @Test
    void oneUsersCrowdDelaysAnotherUserByOneConnection() throws Exception {
        OtherUser.letInto(directory);
        List<String> options = List.of("--max-workers", "1", "--socket-mode", "0666");
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("--allow-user", OtherUser.NAME + ",root"));
        try (Daemon daemon = Daemon.start(directory, all.toArray(String[]::new))) {
            Process crowd =
                    OtherUser.start(
                            "/usr/bin/python3",
                            "-u",
                            "-c",
                            CLIENTS,
                            daemon.address().toString(),
                            "" + CROWD);
            BufferedReader hellos = crowd.inputReader();
            Writer close = crowd.outputWriter();
            assertThat(hellos.readLine()).isEqualTo("hello");
            daemon.awaitLog(" %d others wait".formatted(CROWD - 1));
            try (RawClient other = new RawClient(daemon.address())) {
                daemon.awaitLog(" %d others wait".formatted(CROWD));
                ReloadIT.reload(daemon);
                // the crowd was there first; then it is the other user's turn
                close.append("\n").flush();
                assertThat(hellos.readLine()).isEqualTo("hello");
                close.append("\n").flush();
                assertThat(other.readFrame()).contains("capabilities: ");
                assertThat(hellos.ready()).as("the crowd was served first").isFalse();
            }
            for (int i = 2; i < CROWD; i++) {
                assertThat(hellos.readLine()).as("client %d of the crowd", i).isEqualTo("hello");
                close.append("\n").flush();
            }
            assertThat(crowd.waitFor()).isZero();
            daemon.stop();
        }
    }

    /** A stop serves all that the daemon has accepted. */
    @Test
    void drainServesThoseWhoWait() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--max-workers", "1")) {
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                clients.add(new RawClient(daemon.address()));
            }
            assertThat(clients.get(0).readFrame()).contains("capabilities: ");
            daemon.awaitLog(" 4 others wait");
            daemon.signal("TERM");
            daemon.awaitLog("stopping");
            for (int i = 0; i < 5; i++) {
                if (i > 0) {
                    assertThat(clients.get(i).readFrame()).contains("capabilities: ");
                }
                clients.get(i).close();
            }
            assertThat(daemon.awaitExit()).isZero();
        }
    }
}
