package org.hgcmdserver.cli;

import java.time.Duration;
import java.util.Optional;
import org.hgcmdserver.service.Drain;
import org.hgcmdserver.service.ServiceConfig;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that set when and how the service ends. */
final class LifeOptions {

    enum DrainKind {
        wait,
        finish
    }

    @Option(
            names = "--drain",
            paramLabel = "wait|finish",
            defaultValue = "wait",
            converter = DrainConverter.class,
            description =
                    "How connections end when the service stops. wait: when their clients leave. finish:"
                            + " between two requests, once requests that have arrived are answered. No"
                            + " worker is killed. Default: ${DEFAULT-VALUE}.")
    private DrainKind drain;

    @Option(
            names = "--drain-timeout",
            paramLabel = "TIME",
            defaultValue = "infinity",
            converter = Values.DurationConverter.class,
            description =
                    "The time after which a drain that waits becomes one that finishes. Default:"
                            + " ${DEFAULT-VALUE}.")
    private Duration drainTimeout;

    @Option(
            names = "--idle-exit",
            paramLabel = "TIME",
            defaultValue = "infinity",
            converter = Values.DurationConverter.class,
            description =
                    "Exit after this time without a connection. For a service that its socket starts again"
                            + " when a client connects. Default: ${DEFAULT-VALUE}.")
    private Duration idleExit;

    @Option(
            names = "--poll-interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = PollIntervalConverter.class,
            description =
                    "How often to check whether the service should end. Default: ${DEFAULT-VALUE}.")
    private Duration pollInterval;

    ServiceConfig serviceConfig(WorkerOptions workers) {
        return new ServiceConfig(
                pollInterval,
                workers.maxWorkers(),
                workers.startTimeout(),
                drain == DrainKind.finish ? Drain.FINISH : Drain.WAIT,
                Values.finite(drainTimeout));
    }

    /** How long a service without connections runs before it ends; without limit if empty. */
    Optional<Duration> idleExit() {
        return Values.finite(idleExit);
    }

    static final class DrainConverter extends Values.EnumConverter<DrainKind> {
        DrainConverter() {
            super(DrainKind.class);
        }
    }

    static final class PollIntervalConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String value) {
            Duration interval = Values.duration(value);
            if (interval.compareTo(Duration.ofMillis(1)) < 0
                    || interval.compareTo(Duration.ofDays(1)) > 0) {
                throw new TypeConversionException(
                        "'" + value + "' is not a time from 1ms to a day, such as 500ms");
            }
            return interval;
        }
    }
}
