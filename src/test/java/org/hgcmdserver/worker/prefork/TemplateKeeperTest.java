package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The keeper with templates that are not processes; PreforkFallbackIT uses a real one. */
class TemplateKeeperTest implements TemplateKeeper.Owner {

    private ManualLoop manual;
    private TemplateKeeper keeper;
    private final List<TemplateInTest> started = new ArrayList<>();
    private String startFails;
    private int ready;
    private int failed;

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        keeper = new TemplateKeeper(manual.loop(), this::start, this);
    }

    @AfterEach
    void end() {
        manual.close();
    }

    private Template start(Template.Listener listener) throws IOException {
        if (startFails != null) {
            throw new IOException(startFails);
        }
        started.add(new TemplateInTest(manual.loop(), listener));
        return last();
    }

    private TemplateInTest last() {
        return started.get(started.size() - 1);
    }

    @Override
    public void templateReady() {
        ready++;
    }

    @Override
    public void templateFailed() {
        failed++;
    }

    @Test
    void templateIsUsedWhenItIsReady() throws Exception {
        keeper.start();
        assertThat(keeper.isReady()).isFalse();
        last().becomeReady();
        assertThat(keeper.isReady()).isTrue();
        assertThat(ready).isOne();
        assertThat(keeper.template()).isSameAs(last());
    }

    @Test
    void templateThatEndsYoungIsReplacedLaterEachTime() throws Exception {
        keeper.start();
        for (Duration pause :
                List.of(Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(2))) {
            int before = started.size();
            last().die("it has died");
            assertThat(keeper.template()).isNull();
            if (!pause.isZero()) {
                manual.advance(pause.minusMillis(1));
                assertThat(started).hasSize(before);
            }
            manual.advance(Duration.ofMillis(1));
            assertThat(started).hasSize(before + 1);
        }
        assertThat(failed).isEqualTo(3);
    }

    @Test
    void startThatFailsIsTriedAgain() throws Exception {
        startFails = "no memory";
        keeper.start();
        assertThat(failed).isOne();
        startFails = null;
        manual.advance(Duration.ofMillis(1));
        assertThat(started).hasSize(1);
    }

    @Test
    void replacedTemplateIsClosedAndItsEndIsNoFailure() throws Exception {
        keeper.start();
        TemplateInTest old = last();
        old.becomeReady();
        manual.advance(Duration.ofSeconds(31));
        keeper.replace();
        assertThat(old.isClosed()).isTrue();
        assertThat(keeper.isReady()).isFalse();
        manual.advance(Duration.ofMillis(1));
        assertThat(started).hasSize(2);
        old.die(null);
        assertThat(failed).isZero();
        assertThat(keeper.template()).isSameAs(last());
    }

    @Test
    void inADrainNoneIsStarted() throws Exception {
        keeper.start();
        last().die("it has died");
        keeper.startNoMore();
        manual.advance(Duration.ofMinutes(10));
        assertThat(started).hasSize(1);
    }

    @Test
    void templateThatDiesInADrainIsTheLast() throws Exception {
        keeper.start();
        keeper.startNoMore();
        last().die("it has died");
        manual.advance(Duration.ofMinutes(10));
        assertThat(started).hasSize(1);
    }
}
