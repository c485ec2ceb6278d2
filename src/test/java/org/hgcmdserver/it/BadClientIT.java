package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client's misbehaviour affects its own worker only. */
class BadClientIT {

    @TempDir Path directory;

    @Test
    void garbageLeavesAndSilence() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        try (Daemon daemon = Daemon.start(directory);
                Session good = Session.to(daemon);
                RawClient neverReads = new RawClient(daemon.address())) {
            // more than any socket buffer holds
            String frames = "runcommand\n\0\0\0\7version".repeat(2_000);
            neverReads.send(frames.substring(0, 18 * 500));

            Random random = new Random(20161126);
            for (int i = 0; i < 5; i++) {
                try (RawClient garbage = new RawClient(daemon.address())) {
                    byte[] bytes = new byte[500];
                    random.nextBytes(bytes);
                    garbage.send(bytes);
                    garbage.shutdownOutput();
                    garbage.readToEnd();
                }
                try (RawClient leaves = new RawClient(daemon.address())) {
                    leaves.readFrame();
                    leaves.send("runcommand\n\0\0\1\0log");
                }
                new RawClient(daemon.address()).close();
            }
            String r = repository.toString();
            assertThat(good.run("log", "-R", r, "-T", "{desc}").out()).isEqualTo("m");
            try (Session another = Session.to(daemon)) {
                assertThat(another.run("log", "-R", r, "-T", "{desc}").out()).isEqualTo("m");
            }
            await().until(() -> Processes.children(daemon.pid()).size() == 2);
            good.close();
            neverReads.close();
            daemon.stop();
        }
    }
}
