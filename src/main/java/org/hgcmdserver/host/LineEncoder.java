package org.hgcmdserver.host;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.LocalTime;
import java.time.ZoneId;

/**
 * Encodes one event as lines: with the priority prefix of sd-daemon(3) for the journal, with time
 * and level for people.
 */
final class LineEncoder extends EncoderBase<ILoggingEvent> {

    /** Null for the journal, which has times of its own. */
    private final ZoneId zone;

    /**
     * @param journal whether the journal reads the lines
     */
    LineEncoder(boolean journal) {
        zone = journal ? null : ZoneId.systemDefault();
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        String message = event.getFormattedMessage();
        if (event.getThrowableProxy() != null) {
            message += "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
        }
        // the journal treats each line as an entry of its own
        String prefix =
                zone == null ? "<" + priority(event.getLevel()) + ">" : readable(event) + " ";
        StringBuilder lines = new StringBuilder();
        for (String line : message.split("\\R")) {
            lines.append(prefix).append(line).append('\n');
        }
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    private String readable(ILoggingEvent event) {
        return time(LocalTime.ofInstant(event.getInstant(), zone))
                + " "
                + event.getLevel().toString().toLowerCase(java.util.Locale.ROOT);
    }

    /** Such as 07:05:09.012. A DateTimeFormatter would load a locale, which slows the start. */
    static String time(LocalTime time) {
        StringBuilder text = new StringBuilder();
        append(text, time.getHour(), 2).append(':');
        append(text, time.getMinute(), 2).append(':');
        append(text, time.getSecond(), 2).append('.');
        return append(text, time.getNano() / 1_000_000, 3).toString();
    }

    private static StringBuilder append(StringBuilder text, int number, int digits) {
        String significant = Integer.toString(number);
        return text.append("0".repeat(digits - significant.length())).append(significant);
    }

    /** sd-daemon(3): the levels of syslog(3). */
    private static int priority(Level level) {
        return switch (level.toInt()) {
            case Level.ERROR_INT -> 3;
            case Level.WARN_INT -> 4;
            case Level.INFO_INT -> 6;
            default -> 7;
        };
    }

    @Override
    public byte[] headerBytes() {
        return new byte[0];
    }

    @Override
    public byte[] footerBytes() {
        return new byte[0];
    }
}
