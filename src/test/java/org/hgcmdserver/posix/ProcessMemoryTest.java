package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessMemoryTest {

    @Test
    void memoryOfAProcessIsMoreThanItsHeapInUse() {
        Runtime runtime = Runtime.getRuntime();
        long used = runtime.totalMemory() - runtime.freeMemory();
        assertThat(ProcessMemory.pss((int) ProcessHandle.current().pid())).isGreaterThan(used / 2);
    }

    @Test
    void processThatHasGoneHasNone() {
        assertThat(ProcessMemory.pss(Integer.MAX_VALUE)).isZero();
    }
}
