package org.hgcmdserver.cli;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.hgcmdserver.posix.ProcessImage;
import org.hgcmdserver.reload.Reexec;
import org.hgcmdserver.service.Drain;
import org.hgcmdserver.service.ServiceConfig;
import org.hgcmdserver.service.ServiceConfig.Ending;
import org.hgcmdserver.service.ServiceConfig.Limits;

/** The options that set when and how the service ends. */
final class LifeOptions {

    /** The property with which the launcher names a directory for class-data archives. */
    private static final String ARCHIVES = "hgcmdserver.archives";

    enum DrainKind {
        wait,
        finish
    }

    private final Option<DrainKind> drain =
            Option.oneOf(DrainKind.values(), "--drain")
                    .label("wait|finish")
                    .defaultText("wait")
                    .description(
                            "How connections end when the service stops. wait: when their clients leave. finish:"
                                    + " between two requests, once requests that have arrived are answered. No"
                                    + " worker is killed. Default: ${DEFAULT-VALUE}.");

    private final Option<Duration> drainTimeout =
            Option.duration("--drain-timeout")
                    .label("TIME")
                    .defaultText("infinity")
                    .description(
                            "The time after which a drain that waits becomes one that finishes. Default:"
                                    + " ${DEFAULT-VALUE}.");

    private final Option<Duration> stopTimeout =
            Option.duration("--stop-timeout")
                    .label("TIME")
                    .defaultText("infinity")
                    .description(
                            "The time after which a service that stops waits no longer: the log names each remaining"
                                    + " worker and what it waits for, the workers go on, and the exit status is 75."
                                    + " Default: ${DEFAULT-VALUE}.");

    private final Option<Duration> orphanTimeout =
            Option.duration("--orphan-timeout")
                    .label("TIME")
                    .defaultText("infinity")
                    .description(
                            "Interrupt, as Ctrl-C does, a command whose client has been gone for this time. The"
                                    + " command may be one that writes, such as a commit or a push. Default:"
                                    + " ${DEFAULT-VALUE}.");

    private final Option<Duration> idleExit =
            Option.duration("--idle-exit")
                    .label("TIME")
                    .defaultText("infinity")
                    .description(
                            "Exit after this time without a connection. For a service that its socket starts again"
                                    + " when a client connects. Default: ${DEFAULT-VALUE}.");

    private final Option<Duration> pollInterval =
            Option.of(Duration.class, LifeOptions::pollInterval, "--poll-interval")
                    .label("TIME")
                    .defaultText("1s")
                    .description(
                            "How often to check whether the service should end. Default: ${DEFAULT-VALUE}.");

    List<Option<?>> options() {
        return List.of(drain, drainTimeout, stopTimeout, orphanTimeout, idleExit, pollInterval);
    }

    ServiceConfig serviceConfig(WorkerOptions workers) {
        return new ServiceConfig(
                pollInterval.value(),
                workers.maxWorkers(),
                new Limits(
                        workers.startTimeout(),
                        Values.finite(orphanTimeout.value()),
                        workers.idleTimeout()),
                new Ending(
                        drain.value() == DrainKind.finish ? Drain.FINISH : Drain.WAIT,
                        Values.finite(drainTimeout.value()),
                        Values.finite(stopTimeout.value())),
                archiveMaker());
    }

    /**
     * The launcher, with the arguments and the property that have it make class-data archives;
     * empty if there are some for this program and this Java.
     */
    private static List<String> archiveMaker() {
        String launcher = ProcessImage.property(Reexec.LAUNCHER, null);
        String directory = ProcessImage.property(ARCHIVES, null);
        String script = "exec nice -n 19 \"$0\" class-archive \"$1\" </dev/null >/dev/null 2>&1";
        return launcher == null || directory == null
                ? List.of()
                : List.of("/bin/sh", "-c", script, launcher, directory);
    }

    /** How long a service without connections runs before it ends; without limit if empty. */
    Optional<Duration> idleExit() {
        return Values.finite(idleExit.value());
    }

    private static Duration pollInterval(String text) {
        Duration interval = Values.duration(text);
        if (interval.compareTo(Duration.ofDays(1)) > 0) { // also without a limit
            throw new ValueException(
                    "'" + text + "' is not a time from 1ms to a day, such as 500ms");
        }
        return interval;
    }
}
