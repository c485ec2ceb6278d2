package org.hgcmdserver.it.differential;

import java.util.List;
import java.util.Map;

/**
 * What plain hg makes of a sequence, which is the same each time.
 *
 * @param end the answers to all queries in the end
 */
record Trace(Sequence sequence, List<Done> steps, Map<String, Answer> end) {

    /**
     * @param words with the nodes in place
     * @param state the answers to queries, after this step
     */
    record Done(List<String> words, Answer answer, Map<String, Answer> state) {}
}
