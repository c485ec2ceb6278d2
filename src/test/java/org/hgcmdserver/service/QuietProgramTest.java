package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real processes, and a clock of the test's own. */
class QuietProgramTest {

    @TempDir Path directory;

    private ManualLoop manual;
    private Children children;

    @BeforeEach
    void open() throws IOException {
        manual = new ManualLoop();
        children = new Children(manual.loop());
        children.start();
    }

    @AfterEach
    void close() {
        children.close();
        manual.close();
    }

    private QuietProgram program(String script) {
        List<String> command = List.of("/bin/sh", "-c", script, directory.toString());
        return new QuietProgram(manual.loop(), children, command);
    }

    private void awaitExit() throws IOException {
        while (children.isAnyAwaited()) {
            manual.loop().runOnce(Duration.ofSeconds(1));
        }
    }

    @Test
    void runsOnceInAQuietTime() throws IOException {
        QuietProgram program = program("echo ran >> \"$0/times\"");
        manual.advance(QuietProgram.QUIET.minusMillis(1));
        program.look(0, false);
        assertThat(children.isAnyAwaited()).isFalse();
        for (int connections = 0; connections < 3; connections++) {
            program.look(connections, false);
            manual.advance(QuietProgram.QUIET);
            program.look(connections, false);
            awaitExit();
        }
        assertThat(Files.readAllLines(directory.resolve("times"))).containsExactly("ran");
    }

    @Test
    void longCommandIsNoQuietTime() throws IOException {
        QuietProgram program = program("echo ran >> \"$0/times\"");
        manual.advance(QuietProgram.QUIET);
        program.look(0, true);
        program.look(0, false);
        manual.advance(QuietProgram.QUIET.minusMillis(1));
        program.look(0, false);
        assertThat(children.isAnyAwaited()).isFalse();
    }

    @Test
    void endsWithTheService() throws IOException {
        QuietProgram program =
                program(
                        "trap 'echo told > \"$0/end\"; kill $!; exit' TERM; echo > \"$0/began\"; sleep 300 & wait");
        manual.advance(QuietProgram.QUIET);
        program.look(0, false);
        while (!Files.exists(directory.resolve("began"))) {
            Thread.onSpinWait();
        }
        program.stop();
        awaitExit();
        assertThat(directory.resolve("end")).exists();
    }

    @Test
    void doesNotStartOnceTheServiceStops() throws IOException {
        QuietProgram program = program("echo > \"$0/began\"");
        program.stop();
        manual.advance(QuietProgram.QUIET);
        program.look(0, false);
        assertThat(children.isAnyAwaited()).isFalse();
    }
}
