package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class QuietTimeTest {

    private static final Duration QUIET = Duration.ofSeconds(10);
    private static final Duration ALMOST = QUIET.minusMillis(1);

    private ManualLoop manual;
    private QuietTime quiet;
    private int done;

    @BeforeEach
    void open() throws IOException {
        manual = new ManualLoop();
        quiet = new QuietTime(manual.loop(), QUIET, () -> done++);
    }

    @AfterEach
    void close() {
        manual.close();
    }

    @Test
    void onceAfterTheStart() throws IOException {
        manual.advance(ALMOST);
        quiet.look(0);
        assertThat(done).isZero();
        manual.advance(Duration.ofMillis(1));
        quiet.look(0);
        assertThat(done).isOne();
        manual.advance(QUIET.multipliedBy(10));
        quiet.look(0);
        assertThat(done).isOne();
    }

    @Test
    void onceAfterTheLastConnection() throws IOException {
        for (int connections = 1; connections <= 3; connections++) {
            manual.advance(ALMOST);
            quiet.look(connections);
        }
        manual.advance(ALMOST);
        quiet.look(3);
        assertThat(done).isZero();
        manual.advance(Duration.ofMillis(1));
        quiet.look(3);
        quiet.look(3);
        assertThat(done).isOne();
    }
}
