package org.hgcmdserver.host;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.hook.DefaultShutdownHook;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.LoggerFactory;

/**
 * Configures logback: one appender to stderr, with a thread of its own. The configuration is in
 * Java, since reading XML would double the time that logging adds to the start. Logback finds this
 * class through META-INF/services, unless the program has called {@link LogProvider#use}.
 */
public final class LogConfigurator extends ContextAwareBase implements Configurator {

    private static final String APPENDER = "non-blocking";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(appender(context));
        DefaultShutdownHook flush = new DefaultShutdownHook();
        flush.setContext(context);
        Runtime.getRuntime().addShutdownHook(new Thread(flush, "log"));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static Appender<ILoggingEvent> appender(LoggerContext context) {
        LineEncoder encoder = new LineEncoder(stderrIsJournal(System.getenv()));
        encoder.setContext(context);
        encoder.start();
        ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
        stderr.setContext(context);
        stderr.setName("stderr");
        stderr.setTarget("System.err");
        stderr.setEncoder(encoder);
        stderr.start();
        NonBlockingAppender appender = new NonBlockingAppender(stderr);
        appender.setContext(context);
        appender.setName(APPENDER);
        appender.start();
        return appender;
    }

    /**
     * Waits until all logged events are written, for a second at most. To be called before an exec,
     * which the writing thread does not survive.
     */
    public static void flush() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        Appender<ILoggingEvent> written = root.getAppender(APPENDER);
        root.addAppender(appender(context)); // the exec may fail
        root.detachAppender(written);
        written.stop();
    }

    /** Logs events of this level and more severe ones from now on. */
    public static void setLevel(org.slf4j.event.Level level) {
        Logger own = (Logger) LoggerFactory.getLogger("org.hgcmdserver");
        own.setLevel(Level.convertAnSLF4JLevel(level));
    }

    /**
     * systemd.exec(5): JOURNAL_STREAM holds the device and the inode of the journal's socket. A
     * process must compare them with those of its stderr, since processes whose stderr goes
     * elsewhere inherit the variable too.
     */
    static boolean stderrIsJournal(Map<String, String> environment) {
        String stream = environment.get("JOURNAL_STREAM");
        if (stream == null) {
            return false;
        }
        try {
            Map<String, Object> stderr =
                    Files.readAttributes(Path.of("/proc/self/fd/2"), "unix:dev,ino");
            return stream.equals(stderr.get("dev") + ":" + stderr.get("ino"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
