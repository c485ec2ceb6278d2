package org.hgcmdserver.it.differential;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the work of an experiment, so that an experiment that does nothing is noticed. */
public final class Statistics {

    /** The connections that forked workers served, and the others. */
    final AtomicLong forked = new AtomicLong();

    final AtomicLong started = new AtomicLong();

    private final Map<String, int[]> commands = new TreeMap<>();
    private int sequences;
    private int runs;
    private int queries;
    private int byChg;
    private int ofPlainHg;

    void count(Step step, Answer answer) {
        if (!step.changesFiles()) {
            int[] counts = commands.computeIfAbsent(step.words().get(0), name -> new int[2]);
            counts[0]++;
            counts[1] += answer.succeeded() ? 1 : 0;
        }
    }

    void countQuery() {
        queries++;
    }

    void countByChg() {
        byChg++;
    }

    /** A run ended at a difference that plain hg shows as well. */
    void countOfPlainHg() {
        ofPlainHg++;
    }

    void countSequence() {
        sequences++;
    }

    void countRun() {
        runs++;
    }

    /** Commands that ended with status 0. */
    public int succeeded() {
        return commands.values().stream().mapToInt(counts -> counts[1]).sum();
    }

    /** Commands by chg. */
    public int byChg() {
        return byChg;
    }

    /** Connections that forked workers served. */
    public long forked() {
        return forked.get();
    }

    /** Connections that other workers served. */
    public long started() {
        return started.get();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(
                ("%d sequences, %d runs (%d ended at a difference of plain hg's own), %d queries,"
                                + " %d commands by chg, %d connections to forked workers, %d to others;")
                        .formatted(
                                sequences, runs, ofPlainHg, queries, byChg, forked(), started()));
        text.append(" commands (and those with status 0):");
        commands.forEach((name, n) -> text.append(" %s %d (%d)".formatted(name, n[0], n[1])));
        return text.toString();
    }
}
