package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ProcessMemoryTest {

    private static final int BLOCKS = 64;
    private static final long BLOCK = 100_000; // smaller than those that mmap(2) gives

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

    /** Small blocks behind one that is in use: malloc(3) keeps their memory. */
    @Test
    void freedMemoryIsGivenBack() {
        NativeLibrary c = NativeLibrary.C;
        if (!c.has("malloc_trim")) {
            System.out.println("left out: only glibc has malloc_trim(3)");
            Assumptions.abort();
        }
        int pid = (int) ProcessHandle.current().pid();
        long[] blocks = new long[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = c.call("malloc", BLOCK);
            c.call("memset", blocks[i], 1, BLOCK);
        }
        long last = c.call("malloc", BLOCK);
        for (long block : blocks) {
            c.call("free", block);
        }
        System.gc(); // so that giveBack has nothing of the Java heap to give back
        long before = ProcessMemory.pss(pid);
        ProcessMemory.giveBack();
        assertThat(before - ProcessMemory.pss(pid)).isGreaterThan(BLOCKS * BLOCK / 2);
        c.call("free", last);
    }
}
