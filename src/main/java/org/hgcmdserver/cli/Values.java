package org.hgcmdserver.cli;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hgcmdserver.posix.PlatformPath;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Parses the values of options as systemd does: time spans as in systemd.time(7), sizes and
 * booleans as in systemd.syntax(7). No maintained library parses these.
 */
final class Values {

    /** The time span "infinity". */
    static final Duration INFINITY = Duration.ofSeconds(Long.MAX_VALUE);

    private static final Duration LONGEST = Duration.ofDays(36_500);

    private static final Pattern PART = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(\\pL*)\\s*");

    /** Units in nanoseconds; a number without a unit is in seconds. */
    private static final Map<String, Long> TIMES =
            units(
                    "ns nsec=1",
                    "us usec µs μs=1000",
                    "ms msec=1000000",
                    "s sec second seconds=1000000000",
                    "m min minute minutes=60000000000",
                    "h hr hour hours=3600000000000",
                    "d day days=86400000000000",
                    "w week weeks=604800000000000",
                    // systemd.time(7): 30.44 days and 365.25 days
                    "M month months=2630016000000000",
                    "y year years=31557600000000000");

    private static final Map<String, Long> SIZES =
            units("B=1", "K=1024", "M=1048576", "G=1073741824", "T=1099511627776");

    private Values() {}

    private static Map<String, Long> units(String... definitions) {
        Map<String, Long> units = new HashMap<>();
        for (String definition : definitions) {
            String[] sides = definition.split("=");
            for (String name : sides[0].split(" ")) {
                units.put(name, Long.valueOf(sides[1]));
            }
        }
        return units;
    }

    /** The sum of parts such as "1h 30s"; null if the text is not such a sum. */
    private static BigDecimal sum(String text, Map<String, Long> units, String unitIfNone) {
        Matcher part = PART.matcher(text);
        BigDecimal sum = null;
        int at = 0;
        while (at < text.length() && part.find(at) && part.start() == at) {
            Long unit = units.get(part.group(2).isEmpty() ? unitIfNone : part.group(2));
            if (unit == null) {
                return null;
            }
            BigDecimal value = new BigDecimal(part.group(1)).multiply(BigDecimal.valueOf(unit));
            sum = sum == null ? value : sum.add(value);
            at = part.end();
        }
        return at == text.length() ? sum : null;
    }

    /**
     * @throws TypeConversionException if the text is not a time span, or is one of over 100 years
     */
    static Duration duration(String text) {
        String stripped = text.strip();
        if (stripped.equals("infinity")) {
            return INFINITY;
        }
        BigDecimal nanos = sum(stripped, TIMES, "s");
        if (nanos == null || nanos.compareTo(BigDecimal.valueOf(LONGEST.toNanos())) > 0) {
            throw new TypeConversionException(
                    "'" + text + "' is not a time span, such as 500ms, 10min, 1h 30s or infinity");
        }
        return Duration.ofNanos(nanos.longValue());
    }

    /** Empty for "infinity". */
    static Optional<Duration> finite(Duration duration) {
        return Optional.of(duration).filter(d -> !d.equals(INFINITY));
    }

    /**
     * @throws TypeConversionException if the text is not a size in bytes
     */
    static long size(String text) {
        BigDecimal bytes = sum(text.strip().toUpperCase(Locale.ROOT), SIZES, "B");
        if (bytes == null || bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new TypeConversionException(
                    "'" + text + "' is not a size in bytes, such as 65536, 512K or 64M");
        }
        return bytes.longValue();
    }

    /**
     * @throws TypeConversionException if the text means neither true nor false
     */
    static boolean bool(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "1", "yes", "y", "true", "t", "on" -> true;
            case "0", "no", "n", "false", "f", "off" -> false;
            default -> throw new TypeConversionException("'" + text + "' is neither yes nor no");
        };
    }

    static final class DurationConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String value) {
            return duration(value);
        }
    }

    static final class BooleanConverter implements ITypeConverter<Boolean> {
        @Override
        public Boolean convert(String value) {
            return bool(value);
        }
    }

    /**
     * One of an enumeration's names. picocli converts enumerations too, but only while it parses;
     * {@link ConfigFile} needs a converter to call. The error has picocli's wording.
     */
    abstract static class EnumConverter<E extends Enum<E>> implements ITypeConverter<E> {

        private final Class<E> type;

        EnumConverter(Class<E> type) {
            this.type = type;
        }

        @Override
        public E convert(String value) {
            E[] all = type.getEnumConstants();
            return Arrays.stream(all)
                    .filter(constant -> constant.name().equals(value))
                    .findFirst()
                    .orElseThrow(
                            () ->
                                    new TypeConversionException(
                                            "expected one of %s (case-sensitive) but was '%s'"
                                                    .formatted(Arrays.toString(all), value)));
        }
    }

    /** A path, relative to the working directory, that keeps the bytes given. */
    static final class PathConverter implements ITypeConverter<Path> {
        @Override
        public Path convert(String value) {
            return PlatformPath.of(value);
        }
    }

    /** A number of at least 1, or "infinity". */
    static final class LimitConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            if (value.strip().equals("infinity")) {
                return Integer.MAX_VALUE;
            }
            if (!value.matches("[1-9]\\d{0,5}")) {
                throw new TypeConversionException(
                        "'" + value + "' is not a number from 1 on or infinity");
            }
            return Integer.parseInt(value);
        }
    }

    /** A size in bytes, or "infinity". */
    static final class SizeLimitConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return value.strip().equals("infinity") ? Long.MAX_VALUE : (Long) size(value);
        }
    }

    static final class CountConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            if (!value.matches("\\d{1,6}")) {
                throw new TypeConversionException("'" + value + "' is not a number from 0 on");
            }
            return Integer.parseInt(value);
        }
    }
}
