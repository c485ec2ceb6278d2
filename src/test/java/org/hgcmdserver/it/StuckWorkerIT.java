package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Idle workers that answer nobody, since they are stopped or hang. */
@RunsOnce
class StuckWorkerIT {

    @TempDir Path directory;

    private static List<Long> stopIdleWorkers(Daemon daemon) throws Exception {
        Prefork.awaitIdle(daemon, 2);
        List<Long> idle = Prefork.idleWorkers(daemon);
        for (long pid : idle) {
            Processes.stop(pid);
        }
        return idle;
    }

    private static boolean isAlive(long pid) {
        return Files.exists(Path.of("/proc/" + pid));
    }

    @Test
    void theirClientIsServedByAnother() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            List<Long> stuck = stopIdleWorkers(daemon);
            try (RawClient client = new RawClient(daemon.address())) {
                assertThat(client.readFrame()).contains("capabilities");
                client.runCommand("version -q");
                assertThat(client.awaitResult()).isZero();
            }
            daemon.awaitLog("does not take its connection; killing it");
            daemon.stop(); // kills the other one
            assertThat(stuck).noneMatch(StuckWorkerIT::isAlive);
        }
    }

    @Test
    void theyDoNotHoldAStopUp() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            List<Long> stuck = stopIdleWorkers(daemon);
            daemon.stop();
            assertThat(stuck).noneMatch(StuckWorkerIT::isAlive);
        }
    }

    /** The end of the connection looks like the reading of a hello. */
    @Test
    void clientThatLeavesOneDoesNotHoldAStopUp() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            List<Long> stuck = stopIdleWorkers(daemon);
            try (RawClient client = new RawClient(daemon.address())) {
                daemon.awaitLog(") is for pid ");
            }
            daemon.awaitLog("does not take its connection; killing it");
            daemon.stop();
            assertThat(stuck).noneMatch(StuckWorkerIT::isAlive);
        }
    }
}
