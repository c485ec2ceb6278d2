package org.hgcmdserver.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** The measurements; prints each one at once, and writes all of them at the end. */
final class Results {

    static final String LATENCY = "latency";

    /** Section, row, column; milliseconds, MB, or a count. */
    private final Map<String, Map<String, Map<String, Double>>> figures = new LinkedHashMap<>();

    private final Map<String, Integer> lost = new TreeMap<>();
    private int wrong;

    synchronized void check(String server, String request, String answer, String right) {
        if (!answer.equals(right)) {
            wrong++;
            System.out.printf("WRONG from %s for %s: %s%n", server, request, answer);
        }
    }

    /** A connection that ended before its answer; for this daemon it counts as a wrong answer. */
    synchronized void lost(String server, Throwable reason) {
        lost.merge(server, 1, Integer::sum);
        if (server.startsWith("this")) {
            wrong++;
        }
        System.out.printf("LOST by %s: %s%n", server, reason);
    }

    int wrongAnswers() {
        return wrong;
    }

    void add(String section, String row, String column, double value) {
        figures.computeIfAbsent(section, s -> new LinkedHashMap<>())
                .computeIfAbsent(row, r -> new LinkedHashMap<>())
                .put(column, value);
        if (!section.equals(LATENCY) && !section.equals("connections per second")) {
            System.out.printf("%-10s %-18s %-32s %8.1f%n", section, row, column, value);
        }
    }

    /**
     * @param to the server with which the table compares the others
     */
    void latency(String what, Map<String, Samples> samples, String to) {
        Samples reference = samples.get(to);
        System.out.printf(
                "%n%-20s %8s %8s   %s%n",
                what + ", ms", "median", "p99", "times faster than " + to);
        samples.forEach(
                (server, s) -> {
                    double ratio = reference.median() / s.median();
                    System.out.printf(
                            "%-20s %8.2f %8.2f   %6.1f%n",
                            server, s.median(), s.percentile(99), ratio);
                    add(LATENCY, what, server + ", median", s.median());
                    add(LATENCY, what, server + ", p99", s.percentile(99));
                });
    }

    void throughput(int clients, Map<String, Double> perSecond) {
        System.out.printf("%n%-20s %8s   %s%n", clients + " clients", "conn./s", "times hg unix");
        double reference = perSecond.get(ServerBenchmark.HG);
        perSecond.forEach(
                (server, rate) -> {
                    System.out.printf("%-20s %8.0f   %6.1f%n", server, rate, rate / reference);
                    add("connections per second", clients + " clients", server, rate);
                });
    }

    /** The rows of a section. */
    Map<String, Map<String, Double>> section(String name) {
        return figures.get(name);
    }

    void write(Path file) throws IOException {
        System.out.printf("%nwrong answers: %d; connections lost: %s%n", wrong, lost);
        Map<String, Object> all = new LinkedHashMap<>(figures);
        all.put("wrong answers", wrong);
        all.put("connections lost", lost);
        new ObjectMapper()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .writeValue(file.toFile(), all);
    }
}
