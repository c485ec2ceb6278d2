package org.hgcmdserver.it.differential;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DifferenceTest {

    private static final Answer ONE = new Answer("0", "one", "");
    private static final Answer OTHER = new Answer("0", "other", "");
    private static final String KEY = "log@repo";

    private static Trace trace(Answer step, Answer query, Answer end) {
        Trace.Done done = new Trace.Done(List.of("commit"), step, Map.of(KEY, query));
        return new Trace(null, List.of(done), Map.of(KEY, end));
    }

    private static boolean isPlainHgs(int step, String key, Trace trace) {
        return new Difference(step, key, "", ONE, OTHER, "").isSeenBy(trace);
    }

    @Test
    void answerOfAStepAQueryAndTheEnd() {
        assertThat(isPlainHgs(0, null, trace(OTHER, ONE, ONE))).isTrue();
        assertThat(isPlainHgs(0, KEY, trace(ONE, OTHER, ONE))).isTrue();
        assertThat(isPlainHgs(1, KEY, trace(ONE, ONE, OTHER))).isTrue();
    }

    @Test
    void onlyThatAnswerCounts() {
        assertThat(isPlainHgs(0, null, trace(ONE, OTHER, OTHER))).isFalse();
        assertThat(isPlainHgs(0, KEY, trace(OTHER, ONE, OTHER))).isFalse();
        assertThat(isPlainHgs(1, KEY, trace(OTHER, OTHER, ONE))).isFalse();
    }

    @Test
    void traceThatEndedEarlierHasNone() {
        assertThat(isPlainHgs(2, KEY, trace(OTHER, OTHER, OTHER))).isFalse();
        assertThat(isPlainHgs(1, "status@repo", trace(OTHER, OTHER, OTHER))).isFalse();
    }
}
