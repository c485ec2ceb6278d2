package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExitTest {

    @Test
    void statusOfExit() {
        assertThat(Exit.of(1, 0).description()).isEqualTo("status 0");
        assertThat(Exit.of(1, 255 << 8).description()).isEqualTo("status 255");
        assertThat(Exit.of(1, 3 << 8).bySignal()).isFalse();
    }

    @Test
    void nameOfTheSignal() {
        assertThat(Exit.of(1, 9).description()).isEqualTo("killed by SIGKILL");
        assertThat(Exit.of(1, 6).description()).isEqualTo("killed by SIGABRT");
        // with a core dump
        assertThat(Exit.of(1, 11 | 0x80).description()).isEqualTo("killed by SIGSEGV");
        assertThat(Exit.of(1, 40).description()).isEqualTo("killed by signal 40");
    }
}
