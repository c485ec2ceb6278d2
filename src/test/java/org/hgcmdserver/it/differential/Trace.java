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
}
