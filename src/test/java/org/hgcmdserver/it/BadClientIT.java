package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client's misbehaviour affects its own worker only. */
class BadClientIT {

    @TempDir Path directory;

    @Test
    void garbageLeavesAndSilence() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        repository.commit("big", "x".repeat(10 << 20), "m");
        try (Daemon daemon = Daemon.start(directory);
                Session good = Session.to(daemon);
                RawClient neverReads = new RawClient(daemon.address())) {
            // the answer is larger than any socket buffer
            String command = "cat\0--cwd\0" + repository + "\0big";
            neverReads.send("runcommand\n\0\0\0" + (char) command.length() + command);

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
                try (RawClient leaves = new RawClient(daemon.address())) {
                    byte[] request = RawClient.request("bookmark -R " + repository + " created");
                    leaves.readFrame();
                    leaves.send(Arrays.copyOf(request, request.length - 1 - i * 3));
                }
                new RawClient(daemon.address()).close();
            }
            String r = repository.toString();
            assertThat(good.run("log", "-R", r, "-l1", "-T", "{desc}").out()).isEqualTo("m");
            try (Session another = Session.to(daemon)) {
                assertThat(another.run("log", "-R", r, "-l1", "-T", "{desc}").out()).isEqualTo("m");
            }
            await().until(() -> daemon.busyWorkers().size() == 2);
            daemon.awaitNoZombies();
            assertThat(repository.hg("bookmarks").out()).contains("no bookmarks set");
            good.close();
            neverReads.close();
            daemon.stop();
            assertThat(daemon.log()).doesNotContain("Traceback");
        }
    }

    /** Cuts a request at each byte; a partial request does not run. */
    @Test
    @RunsOnce
    void requestCutShort() throws Exception {
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        byte[] request = RawClient.request("bookmark -R " + repository + " created");
        try (Daemon daemon = Daemon.start(directory)) {
            for (int length = 0; length < request.length; length++) {
                assertThat(RawClient.answer(daemon, Arrays.copyOf(request, length))).isEmpty();
            }
            assertThat(repository.hg("bookmarks").out()).contains("no bookmarks set");
            assertThat(RawClient.answer(daemon, request)).startsWith("r");
            assertThat(repository.hg("bookmarks").out()).contains("created");
            daemon.awaitNoConnection();
            daemon.awaitNoZombies();
            daemon.stop();
            assertThat(daemon.log()).doesNotContain("Traceback");
        }
    }

    /** A worker for each of them would make the others wait, and end when it says hello. */
    @Test
    void clientsThatHaveGoneGetNoWorker() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            Processes.stop(daemon.pid());
            for (int i = 0; i < 100; i++) {
                try (RawClient leaves = new RawClient(daemon.address())) {
                    leaves.runCommand("version");
                }
            }
            try (RawClient stays = new RawClient(daemon.address())) {
                daemon.signal("CONT");
                assertThat(stays.readFrame()).contains("capabilities");
                daemon.awaitLog(" is for pid ");
                assertThat(daemon.log().lines().filter(line -> line.contains(" is for pid ")))
                        .as("workers with a connection")
                        .hasSize(1);
                assertThat(daemon.connections()).isOne();
            }
            daemon.awaitNoConnection();
            daemon.stop();
        }
    }
}
