package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The system clock that a daemon and its workers see, which a test can set while they run: the
 * machine's time plus a number of hours, by means of libfaketime(1). The monotonic clock stays as
 * it is.
 */
final class FakeClock {

    /** A year and six hours, so that the time of day also shows that the clock was set. */
    static final int YEAR = 365 * 24 + 6;

    private static final Duration TOLERANCE = Duration.ofHours(1);

    private final Path library;
    private final Path setting;
    private int hours;

    /** Skips the test if libfaketime is not installed. */
    FakeClock(Path directory) throws IOException {
        try (Stream<Path> found =
                Files.find(
                        Path.of("/usr/lib"),
                        4,
                        (path, a) -> path.endsWith("faketime/libfaketimeMT.so.1"))) {
            library = found.findAny().orElse(null);
        }
        LeftOut.unless(library != null, "libfaketime is not installed");
        setting = directory.resolve("clock");
        set(0);
    }

    /** Variables for the environment of a daemon. */
    void in(Map<String, String> environment) {
        environment.put("LD_PRELOAD", library.toString());
        environment.put("FAKETIME_TIMESTAMP_FILE", setting.toString());
        environment.put("FAKETIME_NO_CACHE", "1");
        environment.put("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        environment.put("NO_FAKE_STAT", "1"); // files keep their real times
    }

    /** Sets the clock a number of hours after, or before, the machine's time. */
    void set(int hours) throws IOException {
        Path next = setting.resolveSibling("clock.next");
        Files.writeString(next, "%+dh\n".formatted(hours));
        Files.move(next, setting, StandardCopyOption.ATOMIC_MOVE);
        this.hours = hours;
    }

    private Instant now() {
        return Instant.now().plus(Duration.ofHours(hours));
    }

    /**
     * Waits until the daemon sees the clock as set, by the time of the last line that it has
     * logged, whatever that is.
     */
    void awaitSeenBy(Daemon daemon) {
        Processes.await().untilAsserted(() -> assertSeenBy(daemon));
    }

    private void assertSeenBy(Daemon daemon) throws IOException {
        List<String> times =
                daemon.log()
                        .lines()
                        .filter(l -> l.matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} .*"))
                        .map(l -> l.substring(0, l.indexOf(' ')))
                        .toList();
        LocalTime last = LocalTime.parse(times.get(times.size() - 1));
        LocalTime expected = LocalTime.ofInstant(now(), ZoneId.systemDefault());
        long apart = Duration.between(expected, last).abs().toSeconds();
        assertThat(Math.min(apart, Duration.ofDays(1).toSeconds() - apart))
                .as("%s, and the daemon's %s", expected, last)
                .isLessThan(TOLERANCE.toSeconds());
    }

    /** Asserts that a worker sees the clock as set, by the date of a commit. */
    void assertSeenBy(Session hg, Repository repository) throws IOException {
        String[] commit = {"tag", "-f", "-R", repository.toString(), "now"};
        assertThat(hg.run(commit).status()).isZero();
        String[] date = {"log", "-R", repository.toString(), "-l1", "-T", "{date|hgdate}"};
        Session.Answer answer = hg.run(date);
        assertThat(answer.status()).isZero();
        long committed = Long.parseLong(answer.out().split(" ")[0]);
        assertThat(Instant.ofEpochSecond(committed))
                .isBetween(now().minus(TOLERANCE), now().plus(TOLERANCE));
    }

    /** Removes the objects that libfaketime leaves behind when a process calls execve(2). */
    void forget(Daemon daemon) throws IOException {
        for (String name : new String[] {"faketime_shm_", "sem.faketime_sem_"}) {
            Files.deleteIfExists(Path.of("/dev/shm", name + daemon.pid()));
        }
    }
}
