package org.hgcmdserver.it.differential;

import java.util.List;
import java.util.Map;

/**
 * Plain hg's result for a sequence, which is the same each time.
 *
 * @param end the answers to all queries at the end
 */
record Trace(Sequence sequence, List<Done> steps, Map<String, Answer> end) {

    /**
     * @param words with nodes instead of revsets
     * @param state the answers to queries after this step
     */
    record Done(List<String> words, Answer answer, Map<String, Answer> state) {}

    /**
     * @param step the number of a step, or of the end
     * @param key the name of a query and its repository; null for the step's own answer
     * @return null if the trace has no such answer
     */
    Answer answer(int step, String key) {
        if (step == steps.size()) {
            return end.get(key);
        }
        if (step > steps.size()) {
            return null;
        }
        Done done = steps.get(step);
        return key == null ? done.answer() : done.state().get(key);
    }
}
