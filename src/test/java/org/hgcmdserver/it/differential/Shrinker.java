package org.hgcmdserver.it.differential;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/**
 * Removes the parts of a sequence that a difference does not need: halves, then smaller parts, then
 * single steps, and at the end queries, other connections and pauses. An intermittent difference
 * gets several runs.
 */
final class Shrinker {

    /** Tells whether a sequence shows a difference. */
    interface Trial {
        boolean fails(Sequence sequence) throws IOException;
    }

    /** The simplifications to try on a step: first all at once, which mostly works. */
    private static final List<UnaryOperator<Step>> SIMPLER =
            List.of(
                    step -> step.with(0, Via.OWN, Step.NONE),
                    step -> step.with(step.pause(), step.via(), Step.NONE),
                    step -> step.with(0, step.via(), step.queries()),
                    step -> step.with(step.pause(), Via.OWN, step.queries()));

    private final Trial trial;
    private final BooleanSupplier enough;

    /**
     * @param enough asked between trials: whether to stop with the present result
     */
    Shrinker(Trial trial, BooleanSupplier enough) {
        this.trial = trial;
        this.enough = enough;
    }

    Sequence shrink(Sequence failing) throws IOException {
        return simplified(shortened(failing));
    }

    private Sequence shortened(Sequence failing) throws IOException {
        Sequence shortest = failing;
        int part = (shortest.steps().size() + 1) / 2;
        while (part > 0) {
            boolean found = false;
            // the end first: steps after the difference are not needed
            for (int from = shortest.steps().size() - part; from > -part; from -= part) {
                if (enough.getAsBoolean()) {
                    return shortest;
                }
                List<Step> fewer = new ArrayList<>(shortest.steps());
                int start = Math.max(0, from);
                fewer.subList(start, Math.min(fewer.size(), from + part)).clear();
                Sequence candidate = shortest.with(fewer);
                if (!fewer.isEmpty() && trial.fails(candidate)) {
                    shortest = candidate;
                    found = true;
                }
            }
            part = found && part == 1 ? 1 : part / 2;
        }
        return shortest;
    }

    private Sequence simplified(Sequence failing) throws IOException {
        Sequence simplest = failing;
        for (int i = 0; i < failing.steps().size(); i++) {
            Set<Sequence> tried = new HashSet<>(Set.of(simplest));
            for (UnaryOperator<Step> simpler : SIMPLER) {
                if (enough.getAsBoolean()) {
                    return simplest;
                }
                List<Step> steps = new ArrayList<>(simplest.steps());
                steps.set(i, simpler.apply(steps.get(i)));
                Sequence candidate = simplest.with(steps);
                if (tried.add(candidate) && trial.fails(candidate)) {
                    simplest = candidate;
                }
            }
        }
        return simplest;
    }
}
