package org.hgcmdserver.it.differential;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Steps that start from a repository with a given number of revisions. As text: {@code revisions
 * NUMBER}, then a line for each step, {@code PAUSE VIA QUERIES REPOSITORY COMMAND...}; lines that
 * begin with "#" are comments.
 */
record Sequence(int revisions, List<Step> steps) {

    private static final List<Integer> PAUSES = List.of(0, 1, 10, 50);

    Sequence {
        steps = List.copyOf(steps);
    }

    static Sequence parse(String text) {
        List<String> lines = text.lines().filter(l -> !l.isBlank() && !l.startsWith("#")).toList();
        int revisions = Integer.parseInt(lines.get(0).replaceFirst("^revisions ", ""));
        return new Sequence(
                revisions, lines.subList(1, lines.size()).stream().map(Step::parse).toList());
    }

    @Override
    public String toString() {
        return steps.stream()
                .map(step -> step + "\n")
                .collect(Collectors.joining("", "revisions " + revisions + "\n", ""));
    }

    Sequence with(List<Step> steps) {
        return new Sequence(revisions, steps);
    }

    Sequence first(int count) {
        return with(steps.subList(0, Math.min(count, steps.size())));
    }

    /**
     * The same steps, each with a third of the queries. To ask plain hg all of them after each step
     * takes longer than to compare more sequences.
     */
    Sequence withSomeQueries(Random random) {
        return with(
                steps.stream()
                        .map(step -> step.with(step.pause(), step.via(), some(random, step, 3)))
                        .toList());
    }

    /**
     * The same steps with other pauses and connections, and some of their queries. Most such
     * schedules have short pauses and few queries.
     */
    Sequence rescheduled(Random random) {
        boolean hurry = random.nextInt(4) > 0;
        boolean steady = random.nextBoolean();
        int pause = pick(random, PAUSES);
        List<Step> rescheduled = new ArrayList<>();
        for (Step step : steps) {
            int before = steady ? pause : pick(random, PAUSES);
            String queries = hurry ? fewQueries(random, step) : queries(random, step);
            rescheduled.add(step.with(before, via(random), queries));
        }
        return with(rescheduled);
    }

    private static <T> T pick(Random random, List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private static Via via(Random random) {
        int n = random.nextInt(100);
        return n < 40
                ? Via.OWN
                : n < 55 ? Via.KEPT : n < 75 ? Via.BESIDE : n < 92 ? Via.CHG : Via.PLAIN;
    }

    private static String fewQueries(Random random, Step step) {
        List<Query> asked = asked(step);
        boolean none = asked.isEmpty() || random.nextBoolean();
        return none ? Step.NONE : pick(random, asked).name();
    }

    private static String queries(Random random, Step step) {
        return random.nextInt(4) == 0 ? step.queries() : some(random, step, 2);
    }

    /** The names of one in so many of the step's queries. */
    private static String some(Random random, Step step, int share) {
        return asked(step).stream()
                .filter(query -> random.nextInt(share) == 0)
                .map(Query::name)
                .reduce((one, other) -> one + "," + other)
                .orElse(Step.NONE);
    }

    private static List<Query> asked(Step step) {
        return Query.ALL.stream().filter(step::asks).toList();
    }
}
