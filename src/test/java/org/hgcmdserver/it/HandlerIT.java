package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The handler's contract, seen from a program that embeds the service. */
@RunsOnce
class HandlerIT {

    @TempDir Path directory;

    @Test
    void eachMethodIsCalledWhenItsContractSays() throws Exception {
        Path address = directory.resolve("server.sock");
        Process program = EmbeddingProgram.start(directory, environment -> {});
        try (BufferedReader said =
                        new BufferedReader(new InputStreamReader(program.getInputStream()));
                Writer tell = program.outputWriter()) {
            assertThat(said.readLine()).isEqualTo("bindSocket " + address);
            assertThat(said.readLine()).isEqualTo("printBanner " + address);
            assertThat(said.readLine()).isEqualTo("shouldExit");
            long self = ProcessHandle.current().pid();
            String noticed = "newConnection from pid " + self + " in " + program.pid();
            // the service does not ask again within the interval, however many connections come
            for (int i = 0; i < 3; i++) {
                try (RawClient client = new RawClient(address)) {
                    assertThat(client.readToEnd()).isEqualTo("served\n");
                }
                assertThat(said.readLine()).isEqualTo(noticed);
                assertThat(said.readLine()).isEqualTo("createCmdServer");
            }
            tell.append("tick\n").flush();
            assertThat(said.readLine()).isEqualTo("shouldExit");
            // a failing handler costs one connection
            try (RawClient client = new RawClient(address)) {
                assertThat(client.readToEnd())
                        .contains("internal error")
                        .contains("no server for you");
            }
            assertThat(said.readLine()).isEqualTo(noticed);
            assertThat(said.readLine()).isEqualTo("createCmdServer");
            tell.append("tick\n").flush();
            assertThat(said.readLine()).isEqualTo("shouldExit");
            assertThat(said.readLine()).isEqualTo("unlinkSocket " + address);
            assertThat(said.readLine()).isEqualTo("outcome DRAINED");
            assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(address).doesNotExist();
        } finally {
            program.destroyForcibly();
        }
    }

    @Test
    void programReloadsFinishesAndStopsByCalls() throws Exception {
        Path address = directory.resolve("server.sock");
        Process program =
                EmbeddingProgram.start(
                        directory, env -> env.put("EMBEDDING_WORKER", "cat; echo gone"));
        try (BufferedReader said =
                        new BufferedReader(new InputStreamReader(program.getInputStream()));
                Writer tell = program.outputWriter()) {
            awaitSaid(said, "printBanner " + address);
            try (RawClient client = new RawClient(address)) {
                awaitSaid(said, "createCmdServer");
                tell.append("reload\n").flush();
                awaitSaid(said, "check");
                awaitSaid(said, "replace 1");
                client.send("still there\n"); // the replacement failed: the service goes on
                tell.append("finish\n").flush();
                assertThat(client.readToEnd()).isEqualTo("still there\ngone\n");
            }
            awaitSaid(said, "connectionEnded");
            tell.append("stop\n").flush();
            awaitSaid(said, "outcome DRAINED");
            assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(Files.readString(directory.resolve("log")))
                    .contains("not reloading, going on as before: not today");
        } finally {
            program.destroyForcibly();
        }
    }

    /** Like a signal that the loop reads in the same turn in which the check succeeds. */
    @Test
    void stopAtTheEndOfACheckWins() throws Exception {
        Process program = EmbeddingProgram.start(directory, environment -> {});
        try (BufferedReader said =
                        new BufferedReader(new InputStreamReader(program.getInputStream()));
                Writer tell = program.outputWriter()) {
            awaitSaid(said, "printBanner " + directory.resolve("server.sock"));
            tell.append("stop in the check\nreload\n").flush();
            awaitSaid(said, "check");
            for (String line = ""; !line.equals("outcome DRAINED"); line = said.readLine()) {
                assertThat(line).isNotNull().doesNotContain("replace");
            }
            assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            program.destroyForcibly();
        }
    }

    private static void awaitSaid(BufferedReader said, String line) throws Exception {
        for (String next = said.readLine(); !line.equals(next); next = said.readLine()) {
            assertThat(next).as("before " + line).isNotNull();
        }
    }
}
