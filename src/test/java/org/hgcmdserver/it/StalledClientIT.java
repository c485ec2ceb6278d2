package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that ask for much and read nothing: `hg-cmdserver run -- log -p | sleep 60`. */
class StalledClientIT {

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        StringBuilder text = new StringBuilder();
        for (int line = 0; line < 100_000; line++) {
            text.append(line).append('\n');
        }
        repository =
                Repository.create(directory, "repository").commit("a", text.toString(), "much");
    }

    private RawClient stalledClient(Daemon daemon) throws Exception {
        RawClient client = new RawClient(daemon.address());
        client.runCommand("cat -R %1$s %1$s/a".formatted(repository)); // no pause before it
        assertThat(client.readFrame()).contains("capabilities");
        return client;
    }

    @Test
    void placeOfAClientThatDoesNotReadBecomesFree() throws Exception {
        try (Daemon daemon =
                        Daemon.start(
                                directory,
                                "--idle-timeout=1s",
                                "--poll-interval=100ms",
                                "--max-workers=1");
                RawClient stalled = stalledClient(daemon)) {
            try (RawClient next = new RawClient(daemon.address())) {
                assertThat(next.readFrame()).contains("capabilities");
            }
            daemon.awaitLog("has not read for 1 s; ending its connection");
            assertThat(stalled.readToEnd()).as("what was written").startsWith("o");
            daemon.stop();
        }
    }

    /** After half a minute. */
    @Test
    @RunsOnce
    void stopDoesNotWaitForIt() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--drain=finish");
                RawClient stalled = stalledClient(daemon)) {
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isZero();
            assertThat(stalled.readToEnd()).as("what was written").startsWith("o");
        }
    }
}
