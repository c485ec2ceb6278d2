package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import jnr.constants.platform.Signal;
import org.hgcmdserver.host.LogConfigurator;
import org.hgcmdserver.host.SystemdNotifier;
import org.hgcmdserver.listener.BoundListener;
import org.hgcmdserver.listener.InheritedListener;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.SignalSource;
import org.hgcmdserver.service.CommandServerHandler;
import org.hgcmdserver.service.ForkingService;
import org.hgcmdserver.service.ForkingService.Outcome;
import org.hgcmdserver.service.ServiceHandler;
import org.hgcmdserver.service.Ticker;
import org.hgcmdserver.worker.CommandServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code hg-cmdserver serve}: the daemon. */
@Command(
        name = "serve",
        description =
                "Listens on a Unix socket and has each connection served by a Mercurial command server"
                        + " of its own, until SIGTERM or SIGINT; then waits for the connections that"
                        + " are left. A second signal ends the wait.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Main.Version.class)
final class ServeCommand implements Callable<Integer> {

    @Mixin private Address address;

    @Mixin private WorkerOptions workers;

    @Option(
            names = "--poll-interval",
            paramLabel = "SECONDS",
            defaultValue = "1",
            converter = SecondsConverter.class,
            description =
                    "How often to look whether the service should end. Default: ${DEFAULT-VALUE}.")
    private Duration pollInterval;

    @Option(
            names = "--socket-mode",
            paramLabel = "MODE",
            defaultValue = "0600",
            converter = ModeConverter.class,
            description =
                    "The permissions of the socket, in octal. Who can write to it acts as this user."
                            + " Default: ${DEFAULT-VALUE}.")
    private int socketMode;

    @Option(names = "--debug", description = "Log each connection and worker.")
    private boolean debug;

    @Option(names = "--quiet", description = "Log warnings and errors only.")
    private boolean quiet;

    private boolean signalled;

    @Override
    public Integer call() throws IOException {
        LogConfigurator.setLevel(debug ? Level.DEBUG : quiet ? Level.WARN : Level.INFO);
        CommandServer server = workers.commandServer();
        ServiceHandler handler =
                new CommandServerHandler(this::bind, server, pollInterval, workers.maxWorkers());
        ForkingService service =
                new ForkingService(
                        address.pathIfAny(),
                        handler,
                        workers.source(server),
                        SystemdNotifier.fromEnvironment(System.getenv()),
                        Ticker.SYSTEM);
        SignalSource.deliver(service.loop(), signal -> onSignal(service, signal));
        service.init();
        return service.run() == Outcome.DRAINED ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    private Listener bind(Path pathIfAny) throws IOException {
        Optional<Listener> inherited =
                InheritedListener.fromEnvironment(System.getenv(), ProcessHandle.current().pid());
        if (inherited.isPresent()) {
            return inherited.get();
        }
        address.makeDefaultDirectory();
        return BoundListener.bind(address.path(), socketMode);
    }

    private void onSignal(ForkingService service, Signal signal) {
        Logger log = LoggerFactory.getLogger(ServeCommand.class);
        if (signal == Signal.SIGHUP) {
            log.info("SIGHUP: there is nothing to reload; restart the service to change options");
        } else if (signalled) {
            log.info("a second signal, {}", signal);
            service.abandon();
        } else {
            log.debug("{}", signal);
            signalled = true;
            service.stop();
        }
    }

    static final class SecondsConverter implements ITypeConverter<Duration> {

        private static final Duration LONGEST = Duration.ofDays(1);

        @Override
        public Duration convert(String value) {
            try {
                long millis = Math.round(Double.parseDouble(value) * 1000);
                if (millis > 0 && millis <= LONGEST.toMillis()) {
                    return Duration.ofMillis(millis);
                }
            } catch (NumberFormatException e) {
                // told below
            }
            throw new TypeConversionException(
                    "'"
                            + value
                            + "' is not a number of seconds above zero and up to a day, such as 0.5");
        }
    }

    static final class ModeConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            if (!value.matches("0?[0-7]{3}")) {
                throw new TypeConversionException(
                        "'" + value + "' is not a file mode in octal, such as 0660");
            }
            return Integer.parseInt(value, 8);
        }
    }
}
