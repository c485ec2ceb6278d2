package org.hgcmdserver.bench;

import java.util.Arrays;

/** Durations of one operation, in nanoseconds. */
final class Samples {

    private long[] values = new long[256];
    private int size;

    void add(long nanos) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = nanos;
    }

    /** In milliseconds. */
    double median() {
        return percentile(50);
    }

    /** The nearest rank, in milliseconds. */
    double percentile(double percent) {
        long[] sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        int rank = (int) Math.ceil(percent / 100 * size);
        return sorted[Math.max(0, rank - 1)] / 1e6;
    }
}
