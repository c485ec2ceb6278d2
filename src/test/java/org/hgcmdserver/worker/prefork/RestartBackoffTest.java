package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestartBackoffTest {

    private final RestartBackoff pause = new RestartBackoff();

    @Test
    void growsWhileTemplatesEndYoung() {
        assertThat(pause.after(Duration.ZERO)).isZero();
        assertThat(pause.after(Duration.ZERO)).isEqualTo(Duration.ofSeconds(1));
        assertThat(pause.after(Duration.ofSeconds(5))).isEqualTo(Duration.ofSeconds(2));
        for (int i = 0; i < 20; i++) {
            pause.after(Duration.ZERO);
        }
        assertThat(pause.after(Duration.ZERO)).isEqualTo(Duration.ofMinutes(5));
    }

    @Test
    void beginsAnewAfterALongLife() {
        pause.after(Duration.ZERO);
        pause.after(Duration.ZERO);
        assertThat(pause.after(Duration.ofMinutes(1))).isZero();
        assertThat(pause.after(Duration.ZERO)).isEqualTo(Duration.ofSeconds(1));
    }
}
