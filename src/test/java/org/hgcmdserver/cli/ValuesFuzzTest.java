package org.hgcmdserver.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.time.Duration;
import java.util.function.Function;

/**
 * For any text: either the parser refuses it with a message that quotes it, or the value is within
 * its bounds, stays the same when written out and parsed again, and doubles when the text is given
 * twice.
 */
class ValuesFuzzTest {

    private static final Duration SHORTEST = Duration.ofMillis(1);

    private static final Duration LONGEST = Duration.ofDays(36_500);

    @FuzzTest
    void valueIsReadOrRefused(byte[] data) {
        String text = new String(data, UTF_8);
        Duration duration = read(Values::duration, text);
        if (duration != null && !duration.equals(Values.INFINITY)) {
            assertThat(duration).isBetween(SHORTEST, LONGEST);
            assertThat(Values.duration(written(duration))).isEqualTo(duration);
            Duration twice = read(Values::duration, text.strip() + " " + text.strip());
            if (duration.equals(SHORTEST)) { // the text may mean less
                assertThat(twice).isBetween(SHORTEST, SHORTEST.multipliedBy(2));
            } else if (twice != null) { // two fractions of a nanosecond may add up to one
                assertThat(twice.minus(duration.multipliedBy(2)))
                        .isBetween(Duration.ZERO, Duration.ofNanos(1));
            } else {
                assertThat(duration).isGreaterThanOrEqualTo(LONGEST.dividedBy(2));
            }
        }
        Long size = read(Values::size, text);
        if (size != null) {
            assertThat(size).isNotNegative();
            assertThat(Values.size(written(size))).isEqualTo(size);
            Long twice = read(Values::size, text.strip() + " " + text.strip());
            if (twice != null) {
                assertThat(twice - 2 * size).isBetween(0L, 1L);
            } else {
                assertThat(size).isGreaterThanOrEqualTo(Long.MAX_VALUE / 2);
            }
        }
        Boolean bool = read(Values::bool, text);
        if (bool != null) {
            assertThat(text.strip()).hasSizeBetween(1, 5);
        }
        Integer limit = read(Values::limit, text);
        if (limit != null && limit != Integer.MAX_VALUE) {
            assertThat(String.valueOf(limit)).isEqualTo(text);
        }
        Integer count = read(Values::count, text);
        if (count != null) {
            assertThat(count).isNotNegative();
        }
    }

    /** Null if the parser refuses the text. */
    private static <T> T read(Function<String, T> reader, String text) {
        try {
            return reader.apply(text);
        } catch (ValueException e) {
            assertThat(e.getMessage()).contains("'" + text + "'");
            return null;
        }
    }

    private static String written(Duration duration) {
        return "%dd %dhours%d min %ds %dns"
                .formatted(
                        duration.toDays(),
                        duration.toHoursPart(),
                        duration.toMinutesPart(),
                        duration.toSecondsPart(),
                        duration.toNanosPart());
    }

    private static String written(long size) {
        long giga = 1 << 30;
        return "%dG%d".formatted(size / giga, size % giga);
    }
}
