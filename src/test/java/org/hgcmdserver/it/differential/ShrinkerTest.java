package org.hgcmdserver.it.differential;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShrinkerTest {

    private static final Sequence MANY =
            new Sequence(
                    50,
                    IntStream.range(0, 17)
                            .mapToObj(i -> new Step(10, Via.KEPT, "log", "repo", List.of("" + i)))
                            .toList());

    private static Set<String> commands(Sequence sequence) {
        return sequence.steps().stream().map(s -> s.words().get(0)).collect(Collectors.toSet());
    }

    @Test
    void onlyWhatIsNeededIsLeft() throws Exception {
        for (List<String> needed : List.of(List.of("0"), List.of("16"), List.of("3", "4", "12"))) {
            Shrinker shrinker = new Shrinker(s -> commands(s).containsAll(needed), () -> false);
            Sequence shortest = shrinker.shrink(MANY);
            assertThat(shortest.steps())
                    .extracting(s -> s.words().get(0))
                    .containsExactlyElementsOf(needed);
            assertThat(shortest.steps())
                    .allMatch(s -> s.pause() == 0 && s.queries().equals("none"));
        }
    }

    @Test
    void pauseIsLeftThatIsNeeded() throws Exception {
        Shrinker shrinker =
                new Shrinker(
                        s -> s.steps().stream().anyMatch(step -> step.pause() == 10), () -> false);
        assertThat(shrinker.shrink(MANY).toString())
                .matches("revisions 50\n10 own none repo \\d+\n");
    }

    @Test
    void nothingIsTriedWhenItIsEnough() throws Exception {
        Shrinker shrinker = new Shrinker(s -> true, () -> true);
        assertThat(shrinker.shrink(MANY)).isEqualTo(MANY);
    }
}
