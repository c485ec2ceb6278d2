package org.hgcmdserver.host;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/**
 * Encodes one event as lines: with the priority prefix of sd-daemon(3) for the journal, with time
 * and level for people.
 */
final class LineEncoder extends EncoderBase<ILoggingEvent> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private final boolean journal;

    LineEncoder(boolean journal) {
        this.journal = journal;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        String message = event.getFormattedMessage();
        if (event.getThrowableProxy() != null) {
            message += "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
        }
        // the journal treats each line as an entry of its own
        String prefix = journal ? "<" + priority(event.getLevel()) + ">" : readable(event) + " ";
        StringBuilder lines = new StringBuilder();
        for (String line : message.split("\\R")) {
            lines.append(prefix).append(line).append('\n');
        }
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String readable(ILoggingEvent event) {
        return TIME.format(Instant.ofEpochMilli(event.getTimeStamp()))
                + " "
                + event.getLevel().toString().toLowerCase(java.util.Locale.ROOT);
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
