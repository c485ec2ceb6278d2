package org.hgcmdserver.it;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;

/**
 * The system clock that a daemon and its workers see, which a test can set while they run: the
 * machine's time plus a number of hours. The monotonic clock stays as it is. See {@code clock.c} in
 * the test resources.
 */
final class FakeClock {

    /** A year and six hours, so that the time of day also shows that the clock was set. */
    static final int YEAR = 365 * 24 + 6;

    private static final Duration TOLERANCE = Duration.ofHours(1);

    private final String preload;
    private final Path offset;
    private int hours;

    /**
     * @param library {@code clock.c}, compiled
     */
    FakeClock(Path directory, String library) throws IOException {
        preload = library;
        offset = directory.resolve("offset");
        set(0);
    }

    /** Variables for the environment of a daemon. */
    void in(Map<String, String> environment) {
        environment.put("LD_PRELOAD", preload);
        environment.put("CLOCK_OFFSET", offset.toString());
    }

    /** Sets the clock a number of hours after, or before, the machine's time. */
    void set(int hours) throws IOException {
        ByteBuffer seconds = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        seconds.putLong(0, Duration.ofHours(hours).toSeconds());
        // the processes have mapped the file, which must remain the same
        try (FileChannel file = FileChannel.open(offset, CREATE, WRITE)) {
            file.write(seconds, 0);
        }
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
}
