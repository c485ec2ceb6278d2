package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventLoopTest {

    private static final Duration LONG = Duration.ofMinutes(1);

    @Test
    void runsWhatOtherThreadsPostInTheirOrder() throws Exception {
        try (EventLoop loop = new EventLoop()) {
            List<Integer> ran = new ArrayList<>();
            Thread poster =
                    new Thread(
                            () -> {
                                for (int i = 0; i < 10_000; i++) {
                                    int n = i;
                                    loop.post(() -> ran.add(n));
                                }
                            });
            poster.start();
            while (ran.size() < 10_000) {
                loop.runOnce(LONG); // a lost wake-up would make it hang
            }
            poster.join();
            assertThat(ran).isSorted();
        }
    }

    @Test
    void whatIsPostedAfterTheEndTouchesNoDescriptor() throws Exception {
        EventLoop loop = new EventLoop();
        loop.close();
        int[] reused = new int[2];
        LibC.C.pipe(reused);
        Descriptors.setNonBlocking(reused[0], true);
        loop.post(() -> {});
        assertThat(LibC.C.read(reused[0], NativeMemory.allocate(1), 1)).isNegative();
        for (int fd : reused) {
            Descriptors.close(fd);
        }
    }

    @Test
    void returnsWhenTheTimeIsUp() throws Exception {
        try (EventLoop loop = new EventLoop()) {
            assertThat(loop.runOnce(Duration.ZERO)).isFalse();
            assertThat(loop.runOnce(Duration.ofMillis(1))).isFalse();
        }
    }

    @Test
    void descriptorThatAnEarlierActionUnregisteredIsLeftAlone() throws Exception {
        try (EventLoop loop = new EventLoop()) {
            int[] a = new int[2];
            int[] b = new int[2];
            LibC.C.pipe(a);
            LibC.C.pipe(b);
            List<String> ran = new ArrayList<>();
            loop.register(
                    a[0],
                    () -> {
                        ran.add("a");
                        loop.unregister(a[0]);
                        loop.unregister(b[0]);
                    });
            loop.register(b[0], () -> ran.add("b"));
            LibC.C.write(a[1], new byte[1], 1);
            LibC.C.write(b[1], new byte[1], 1);
            loop.runOnce(LONG);
            assertThat(ran).containsExactly("a");
            for (int fd : new int[] {a[0], a[1], b[0], b[1]}) {
                Descriptors.close(fd);
            }
        }
    }
}
