package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class IdleExitTest {

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // nanoTime may wrap around
    private final IdleExit idle = new IdleExit(Duration.ofNanos(100), now::get);

    @Test
    void dueAfterTheLimit() {
        now.addAndGet(99);
        assertThat(idle.isDue()).isFalse();
        now.addAndGet(1);
        assertThat(idle.isDue()).isTrue();
    }

    @Test
    void neverWithAConnection() {
        idle.connectionBegan();
        idle.connectionBegan();
        now.addAndGet(1000);
        assertThat(idle.isDue()).isFalse();
        idle.connectionEnded();
        now.addAndGet(1000);
        assertThat(idle.isDue()).isFalse();
    }

    @Test
    void countsFromTheEndOfTheLast() {
        idle.connectionBegan();
        now.addAndGet(1000);
        idle.connectionEnded();
        now.addAndGet(99);
        assertThat(idle.isDue()).isFalse();
        now.addAndGet(1);
        assertThat(idle.isDue()).isTrue();
    }
}
