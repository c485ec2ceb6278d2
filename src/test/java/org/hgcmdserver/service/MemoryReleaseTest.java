package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MemoryReleaseTest {

    private static final Duration ALMOST = MemoryRelease.QUIET.minusMillis(1);

    private ManualLoop manual;
    private MemoryRelease memory;
    private int released;

    @BeforeEach
    void open() throws IOException {
        manual = new ManualLoop();
        memory = new MemoryRelease(manual.loop(), () -> released++);
    }

    @AfterEach
    void close() {
        manual.close();
    }

    @Test
    void onceAfterTheStart() throws IOException {
        manual.advance(ALMOST);
        memory.look(0);
        assertThat(released).isZero();
        manual.advance(Duration.ofMillis(1));
        memory.look(0);
        assertThat(released).isOne();
        manual.advance(MemoryRelease.QUIET.multipliedBy(10));
        memory.look(0);
        assertThat(released).isOne();
    }

    @Test
    void onceAfterTheLastConnection() throws IOException {
        for (int connections = 1; connections <= 3; connections++) {
            manual.advance(ALMOST);
            memory.look(connections);
        }
        manual.advance(ALMOST);
        memory.look(3);
        assertThat(released).isZero();
        manual.advance(Duration.ofMillis(1));
        memory.look(3);
        memory.look(3);
        assertThat(released).isOne();
    }
}
