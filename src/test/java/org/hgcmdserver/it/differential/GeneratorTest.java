package org.hgcmdserver.it.differential;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class GeneratorTest {

    private static final List<Sequence> SEQUENCES =
            new Random(1).longs(300).mapToObj(Generator::sequence).toList();

    @Test
    void seedTellsTheSequence() {
        assertThat(new Random(1).longs(300).mapToObj(Generator::sequence))
                .containsExactlyElementsOf(SEQUENCES);
        assertThat(SEQUENCES).doesNotHaveDuplicates();
    }

    @Test
    void sequenceComesBackFromItsText() {
        Random random = new Random(1);
        for (Sequence sequence : SEQUENCES) {
            Sequence scheduled = sequence.rescheduled(random);
            assertThat(Sequence.parse("# a comment\n" + scheduled)).isEqualTo(scheduled);
        }
    }

    @Test
    void allKindsOfChangesAreDrawn() {
        Set<String> drawn =
                SEQUENCES.stream()
                        .flatMap(sequence -> sequence.steps().stream())
                        .map(step -> step.words().get(0))
                        .collect(Collectors.toSet());
        assertThat(drawn)
                .contains("commit", "update", "merge", "rebase", "histedit", "strip", "phase")
                .contains("bookmark", "tag", "branch", "graft", "shelve", "unshelve", "pull")
                .contains("push", "share", "debugobsolete", "rename", "copy", "remove", "revert")
                .contains("addremove", "rollback", "recover", "write", "executable", "move");
        assertThat(SEQUENCES).extracting(Sequence::revisions).contains(50, 1500);
    }

    @Test
    void allKindsOfSchedulesAreDrawn() {
        Random random = new Random(1);
        List<Step> steps =
                SEQUENCES.stream()
                        .flatMap(sequence -> sequence.rescheduled(random).steps().stream())
                        .toList();
        assertThat(steps).extracting(Step::via).contains(Via.values());
        assertThat(steps).extracting(Step::pause).contains(0, 1, 10, 50);
        for (Query query : Query.ALL) {
            assertThat(steps).extracting(Step::queries).contains(query.name());
        }
        assertThat(steps).extracting(Step::queries).contains(Step.ALL, Step.NONE);
    }
}
