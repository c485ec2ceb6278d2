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
        try (EventLoop loop = new EventLoop(Ticker.SYSTEM)) {
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
                loop.runOnce(LONG); // a lost wake-up would make this call hang
            }
            poster.join();
            assertThat(ran).isSorted();
        }
    }

    @Test
    void whatIsPostedAfterTheEndTouchesNoDescriptor() throws Exception {
        EventLoop loop = new EventLoop(Ticker.SYSTEM);
        loop.close();
        int[] reused = pipe();
        Descriptors.setNonBlocking(reused[0], true);
        loop.post(() -> {});
        assertThat(LibC.read(reused[0], NativeMemory.allocate(1), 1)).isNegative();
        for (int fd : reused) {
            Descriptors.close(fd);
        }
    }

    @Test
    void returnsWhenTheTimeIsUp() throws Exception {
        try (EventLoop loop = new EventLoop(Ticker.SYSTEM)) {
            assertThat(loop.runOnce(Duration.ZERO)).isFalse();
            assertThat(loop.runOnce(Duration.ofMillis(1))).isFalse();
        }
    }

    @Test
    void descriptorThatAnEarlierActionUnregisteredIsLeftAlone() throws Exception {
        try (EventLoop loop = new EventLoop(Ticker.SYSTEM)) {
            int[] a = pipe();
            int[] b = pipe();
            List<String> ran = new ArrayList<>();
            loop.register(
                    a[0],
                    () -> {
                        ran.add("a");
                        loop.unregister(a[0]);
                        loop.unregister(b[0]);
                    });
            loop.register(b[0], () -> ran.add("b"));
            LibC.write(a[1], NativeMemory.allocate(1), 1);
            LibC.write(b[1], NativeMemory.allocate(1), 1);
            loop.runOnce(LONG);
            assertThat(ran).containsExactly("a");
            for (int fd : new int[] {a[0], a[1], b[0], b[1]}) {
                Descriptors.close(fd);
            }
        }
    }

    @Test
    void timerRunsOnceWhenItIsDue() throws Exception {
        try (ManualLoop manual = new ManualLoop()) {
            List<String> ran = new ArrayList<>();
            EventLoop.Timer timer = manual.loop().after(Duration.ofMillis(5), () -> ran.add("t"));
            manual.advance(Duration.ofMillis(4));
            assertThat(ran).isEmpty();
            assertThat(timer.isRunning()).isTrue();
            manual.advance(Duration.ofMillis(10));
            assertThat(ran).containsExactly("t");
            assertThat(timer.isRunning()).isFalse();
        }
    }

    @Test
    void cancelledTimerDoesNotRun() throws Exception {
        try (ManualLoop manual = new ManualLoop()) {
            List<String> ran = new ArrayList<>();
            EventLoop.Timer timer = manual.loop().after(Duration.ofMillis(5), () -> ran.add("t"));
            EventLoop.Timer twin = manual.loop().after(Duration.ofMillis(5), () -> ran.add("twin"));
            timer.cancel();
            timer.cancel();
            manual.advance(Duration.ofMillis(10));
            assertThat(ran).containsExactly("twin");
            assertThat(twin.isRunning()).isFalse();
        }
    }

    @Test
    void startingAgainForgetsTheEarlierStart() throws Exception {
        try (ManualLoop manual = new ManualLoop()) {
            List<String> ran = new ArrayList<>();
            EventLoop.Timer timer = manual.loop().after(Duration.ofMillis(5), () -> ran.add("t"));
            manual.advance(Duration.ofMillis(4));
            timer.start(Duration.ofMillis(5));
            manual.advance(Duration.ofMillis(4));
            assertThat(ran).isEmpty();
            timer.startIfStopped(Duration.ofMinutes(1));
            manual.advance(Duration.ofMillis(10));
            assertThat(ran).containsExactly("t");
        }
    }

    private static int[] pipe() {
        NativeMemory ends = NativeMemory.allocate(2 * 4);
        LibC.pipe(ends);
        return new int[] {ends.getInt(0), ends.getInt(4)};
    }
}
