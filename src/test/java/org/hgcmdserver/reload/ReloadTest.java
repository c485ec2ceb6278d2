package org.hgcmdserver.reload;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The states of a reload, without a process: checks and execs of a real one are ReloadIT's. */
class ReloadTest {

    private static final Duration SOON = Duration.ofMillis(20);

    private static final Handover HANDOVER =
            new Handover(
                    List.of(new Handover.ListeningSocket("", 3, "inherited blocking")),
                    0,
                    List.of(),
                    List.of(),
                    List.of());

    private ManualLoop manual;
    private Reload reload;

    private boolean replaceable = true;
    private boolean stopping;
    private int waiting;

    /** Of the service and of the successor, in the order in which it was asked of them. */
    private final List<String> done = new ArrayList<>();

    private Consumer<String> result;
    private String checkFails;
    private String replaceFails;

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        EventLoop loop = manual.loop();
        reload = new Reload(loop, new Children(loop), Notifier.NONE, new ServiceInTest());
    }

    @AfterEach
    void end() {
        manual.close();
    }

    private final class ServiceInTest implements Reload.Service {

        @Override
        public Successor successor() {
            return replaceable ? new SuccessorInTest() : null;
        }

        @Override
        public boolean isStopping() {
            return stopping;
        }

        @Override
        public void reloadBegins() {
            done.add("begins");
        }

        @Override
        public void reloadFailed() {
            done.add("failed");
        }

        @Override
        public int waiting() {
            return waiting;
        }

        @Override
        public void acceptPausedChanged() {
            done.add(reload.isReplacing() ? "pauses" : "accepts");
        }

        @Override
        public Handover handover() {
            return HANDOVER;
        }
    }

    private final class SuccessorInTest implements Successor {

        @Override
        public void check(EventLoop loop, Children children, Consumer<String> whenChecked)
                throws IOException {
            if (checkFails != null) {
                throw new IOException(checkFails);
            }
            done.add("check");
            result = whenChecked;
        }

        @Override
        public void stopChecking() {
            done.add("stop checking");
        }

        @Override
        public void replace(Handover handover) throws IOException {
            assertThat(handover).isSameAs(HANDOVER);
            done.add("replace");
            if (replaceFails != null) {
                throw new IOException(replaceFails);
            }
        }
    }

    @Test
    void successorIsCheckedAndThenTakesOver() {
        reload.request();
        assertThat(done).containsExactly("begins", "check");
        assertThat(reload.isReplacing()).isFalse();
        result.accept(null);
        assertThat(done).containsExactly("begins", "check", "pauses", "replace");
    }

    @Test
    void successorThatWouldNotStartChangesNothing() {
        reload.request();
        result.accept("unknown option");
        assertThat(done).containsExactly("begins", "check", "failed", "accepts");
        done.clear();
        reload.request();
        assertThat(done).as("another request").containsExactly("begins", "check");
    }

    @Test
    void checkThatCannotBeMadeChangesNothing() {
        checkFails = "no such directory";
        reload.request();
        assertThat(done).containsExactly("begins", "failed", "accepts");
    }

    @Test
    void execThatFailsChangesNothing() {
        replaceFails = "out of memory";
        reload.request();
        result.accept(null);
        assertThat(done)
                .containsExactly("begins", "check", "pauses", "replace", "failed", "accepts");
        assertThat(reload.isReplacing()).isFalse();
    }

    @Test
    void acceptedConnectionsHaveTheirWorkersFirst() throws Exception {
        waiting = 1;
        reload.request();
        result.accept(null);
        manual.advance(SOON);
        assertThat(done).endsWith("pauses");
        waiting = 0;
        manual.advance(SOON);
        assertThat(done).endsWith("pauses", "replace");
    }

    @Test
    void requestDuringTheCheckHasItRepeated() {
        reload.request();
        reload.request();
        reload.request();
        assertThat(done).containsExactly("begins", "check");
        result.accept("a typo, which is corrected by now");
        assertThat(done).containsExactly("begins", "check", "check");
        result.accept(null);
        assertThat(done).endsWith("pauses", "replace");
    }

    @Test
    void requestWhileConnectionsWaitHasTheCheckRepeated() throws Exception {
        waiting = 1;
        reload.request();
        result.accept(null);
        reload.request();
        manual.advance(SOON);
        assertThat(done).containsExactly("begins", "check", "pauses", "check", "accepts");
    }

    @Test
    void stopEndsAReload() throws Exception {
        reload.request();
        stopping = true;
        reload.cancel();
        assertThat(done).containsExactly("begins", "check", "stop checking");
        stopping = false; // the state alone stops the late result
        result.accept(null);
        manual.advance(SOON);
        assertThat(done).containsExactly("begins", "check", "stop checking");
    }

    @Test
    void signalThatArrivesWithTheExecWins() throws Exception {
        waiting = 1;
        reload.request();
        result.accept(null);
        waiting = 0;
        stopping = true;
        manual.advance(SOON);
        assertThat(done).doesNotContain("replace");
    }

    @Test
    void stoppingServiceIsNotReloaded() {
        stopping = true;
        reload.request();
        assertThat(done).isEmpty();
    }

    @Test
    void embeddedServiceIsNotReloaded() {
        replaceable = false;
        reload.request();
        assertThat(done).isEmpty();
    }
}
