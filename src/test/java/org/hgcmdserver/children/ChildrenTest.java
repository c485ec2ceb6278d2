package org.hgcmdserver.children;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The table without a reaper: the test reports exits, and starts no process. */
class ChildrenTest {

    /** More than any system's pid_max, so that no process has this pid. */
    private static final int PID = 99_999_999;

    private ManualLoop manual;
    private Children children;
    private final List<Exit> exits = new ArrayList<>();

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        children = new Children(manual.loop());
    }

    @AfterEach
    void end() {
        manual.close();
    }

    @Test
    void exitRunsTheCallbackOfItsChildOnce() throws Exception {
        List<Exit> others = new ArrayList<>();
        children.add(PID, exits::add);
        children.add(PID + 1, others::add);
        children.exited(new Exit(PID, 3, 0));
        children.exited(new Exit(PID, 4, 0)); // another process, not in the table
        assertThat(exits).containsExactly(new Exit(PID, 3, 0));
        assertThat(others).isEmpty();
        assertThat(children.pids()).containsExactly(PID + 1);
    }

    @Test
    void drainWaitsForAwaitedChildrenAlone() throws Exception {
        children.addUnawaited(PID, exits::add);
        assertThat(children.isAnyAwaited()).isFalse();
        children.add(PID + 1, exits::add);
        assertThat(children.isAnyAwaited()).isTrue();
        children.exited(new Exit(PID + 1, 0, 0));
        assertThat(children.isAnyAwaited()).isFalse();
        assertThat(children.pids()).containsExactly(PID);
    }

    @Test
    void exitThatOvertakesTheAnnouncementIsKept() throws Exception {
        children.expect();
        assertThat(children.isAnyAwaited()).isTrue();
        children.exited(new Exit(PID, 7, 0));
        children.addExpected(PID, exits::add);
        manual.run();
        assertThat(exits).containsExactly(new Exit(PID, 7, 0));
        assertThat(children.isAnyAwaited()).isFalse();
    }

    @Test
    void exitOfAnEarlierProcessIsNotTakenForThatOfTheAnnouncedOne() throws Exception {
        children.expect();
        children.expect();
        children.exited(new Exit(PID, 7, 0));
        manual.advance(Duration.ofSeconds(3));
        children.exited(new Exit(PID + 1, 0, 0)); // a new exit makes the table forget older ones
        children.addExpected(PID, exits::add);
        manual.run();
        assertThat(exits).isEmpty();
        assertThat(children.pids()).contains(PID);
    }

    @Test
    void whileNoChildIsExpectedUnknownExitsAreForgotten() throws Exception {
        children.expect();
        children.exited(new Exit(PID, 7, 0));
        children.unexpect();
        children.expect();
        children.addExpected(PID, exits::add);
        manual.run();
        assertThat(exits).isEmpty();
    }

    @Test
    void adoptedProcessThatIsGoneHasAnUnknownExit() throws Exception {
        children.adopt(PID, exits::add);
        assertThat(exits).as("no report while the caller is still adopting").isEmpty();
        manual.run();
        assertThat(exits).containsExactly(Exit.unknown(PID));
    }
}
