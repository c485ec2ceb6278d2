package org.hgcmdserver.cli;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.hgcmdserver.posix.PlatformPath;

/**
 * Parses the values of options as systemd does: time spans as in systemd.time(7), sizes and
 * booleans as in systemd.syntax(7). No maintained library parses these.
 */
final class Values {

    /** The time span "infinity", and 0: no limit. */
    static final Duration INFINITY = Duration.ofSeconds(Long.MAX_VALUE);

    /** The clocks of timers, and what is passed to workers, are in milliseconds. */
    private static final Duration SHORTEST = Duration.ofMillis(1);

    private static final Duration LONGEST = Duration.ofDays(36_500);

    private static final int MOST_DIGITS = 6;

    private Values() {}

    /** The number of nanoseconds in a unit; 0 if no unit has this name. */
    private static long nanoseconds(String unit) {
        return switch (unit) {
            case "ns", "nsec" -> 1;
            case "us", "usec", "µs", "μs" -> 1_000;
            case "ms", "msec" -> 1_000_000;
            case "", "s", "sec", "second", "seconds" -> 1_000_000_000;
            case "m", "min", "minute", "minutes" -> 60_000_000_000L;
            case "h", "hr", "hour", "hours" -> 3_600_000_000_000L;
            case "d", "day", "days" -> 86_400_000_000_000L;
            case "w", "week", "weeks" -> 604_800_000_000_000L;
            // systemd.time(7): 30.44 days and 365.25 days
            case "M", "month", "months" -> 2_630_016_000_000_000L;
            case "y", "year", "years" -> 31_557_600_000_000_000L;
            default -> 0;
        };
    }

    /** The number of bytes in a unit; 0 if no unit has this name. */
    private static long bytes(String unit) {
        return switch (unit) {
            case "", "B" -> 1;
            case "K" -> 1L << 10;
            case "M" -> 1L << 20;
            case "G" -> 1L << 30;
            case "T" -> 1L << 40;
            default -> 0;
        };
    }

    /**
     * The sum of parts such as "1h 30s"; null if the text is not such a sum.
     *
     * @param isTime whether the parts are time spans, and not sizes
     */
    private static BigDecimal sum(String text, boolean isTime) {
        BigDecimal sum = null;
        int at = 0;
        while (at < text.length()) {
            int start = at;
            at = afterDigits(text, start);
            if (at == start) {
                return null;
            }
            if (at < text.length() && text.charAt(at) == '.') {
                int point = at;
                at = afterDigits(text, point + 1);
                if (at == point + 1) {
                    return null;
                }
            }
            BigDecimal number = new BigDecimal(text.substring(start, at));
            start = afterBlanks(text, at);
            at = afterLetters(text, start);
            String name = text.substring(start, at);
            long unit = isTime ? nanoseconds(name) : bytes(name);
            if (unit == 0) {
                return null;
            }
            BigDecimal value = number.multiply(BigDecimal.valueOf(unit));
            sum = sum == null ? value : sum.add(value);
            at = afterBlanks(text, at);
        }
        return sum;
    }

    private static int afterDigits(String text, int at) {
        int end = at;
        while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
            end++;
        }
        return end;
    }

    private static int afterBlanks(String text, int at) {
        int end = at;
        while (end < text.length() && " \t\n\u000b\f\r".indexOf(text.charAt(end)) >= 0) {
            end++;
        }
        return end;
    }

    private static int afterLetters(String text, int at) {
        int end = at;
        while (end < text.length() && Character.isLetter(text.codePointAt(end))) {
            end += Character.charCount(text.codePointAt(end));
        }
        return end;
    }

    /**
     * A time span that limits something. As for most of systemd's settings, 0 sets no limit. A
     * shorter span than a millisecond counts as one, since it would become 0 where milliseconds are
     * counted.
     *
     * @throws ValueException if the text is not a time span, or is one of over 100 years
     */
    static Duration duration(String text) {
        String stripped = text.strip();
        if (stripped.equals("infinity")) {
            return INFINITY;
        }
        BigDecimal nanos = sum(stripped, true);
        if (nanos == null || nanos.compareTo(BigDecimal.valueOf(LONGEST.toNanos())) > 0) {
            throw new ValueException(
                    "'" + text + "' is not a time span, such as 500ms, 10min, 1h 30s or infinity");
        }
        if (nanos.signum() == 0) {
            return INFINITY;
        }
        Duration span = Duration.ofNanos(nanos.longValue());
        return span.compareTo(SHORTEST) < 0 ? SHORTEST : span;
    }

    /** Empty for "infinity" and 0. */
    static Optional<Duration> finite(Duration duration) {
        return duration.equals(INFINITY) ? Optional.empty() : Optional.of(duration);
    }

    /**
     * @throws ValueException if the text is not a size in bytes
     */
    static long size(String text) {
        BigDecimal bytes = sum(text.strip().toUpperCase(Locale.ROOT), false);
        if (bytes == null || bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new ValueException(
                    "'" + text + "' is not a size in bytes, such as 65536, 512K or 64M");
        }
        return bytes.longValue();
    }

    /**
     * @throws ValueException if the text means neither true nor false
     */
    static boolean bool(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "1", "yes", "y", "true", "t", "on" -> true;
            case "0", "no", "n", "false", "f", "off" -> false;
            default -> throw new ValueException("'" + text + "' is neither yes nor no");
        };
    }

    /** A path, relative to the working directory, that keeps the bytes given. */
    static Path path(String text) {
        return PlatformPath.of(text);
    }

    /** A number of at least 1, or "infinity". */
    static int limit(String text) {
        if (text.strip().equals("infinity")) {
            return Integer.MAX_VALUE;
        }
        if (!isNumber(text) || text.charAt(0) == '0') {
            throw new ValueException("'" + text + "' is not a number from 1 on or infinity");
        }
        return Integer.parseInt(text);
    }

    /** A size in bytes, or "infinity". */
    static long sizeLimit(String text) {
        return text.strip().equals("infinity") ? Long.MAX_VALUE : size(text);
    }

    /** A number of at least 0. */
    static int count(String text) {
        if (!isNumber(text)) {
            throw new ValueException("'" + text + "' is not a number from 0 on");
        }
        return Integer.parseInt(text);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty()
                && text.length() <= MOST_DIGITS
                && afterDigits(text, 0) == text.length();
    }

    /** A file mode such as "0660". */
    static int mode(String text) {
        boolean octal = text.length() == 3 || text.length() == 4 && text.charAt(0) == '0';
        for (int i = 0; i < text.length(); i++) {
            octal &= text.charAt(i) >= '0' && text.charAt(i) <= '7';
        }
        if (!octal) {
            throw new ValueException("'" + text + "' is not a file mode in octal, such as 0660");
        }
        return Integer.parseInt(text, 8);
    }
}
