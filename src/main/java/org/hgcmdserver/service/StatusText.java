package org.hgcmdserver.service;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.hgcmdserver.worker.Worker;

/** The one-line status of the service, for people. */
final class StatusText {

    private static final int OLDEST = 3;

    private StatusText() {}

    static String serving(int busy, long soFar) {
        return connections(busy) + ", " + soFar + " since the start";
    }

    /**
     * @param busy the oldest first
     * @param now as {@link Worker#since}
     */
    static String stopping(List<Worker> busy, long now) {
        String text = "Stopping, waiting for " + connections(busy.size());
        if (busy.isEmpty()) {
            return text;
        }
        return text
                + "; the oldest: "
                + busy.stream()
                        .limit(OLDEST)
                        .map(worker -> describe(worker, Duration.ofNanos(now - worker.since())))
                        .collect(Collectors.joining(", "));
    }

    private static String connections(int n) {
        return n + (n == 1 ? " connection" : " connections");
    }

    private static String describe(Worker worker, Duration age) {
        String client =
                worker.peer() == null || worker.peer().pid() <= 0
                        ? ""
                        : " for pid " + worker.peer().pid();
        return "worker %d%s for %s".formatted(worker.pid(), client, text(age));
    }

    /** In whole minutes: with seconds every one would wake the service manager. */
    static String text(Duration age) {
        if (age.toHours() > 0) {
            return "%dh %dmin".formatted(age.toHours(), age.toMinutesPart());
        }
        return age.toMinutes() + "min";
    }
}
