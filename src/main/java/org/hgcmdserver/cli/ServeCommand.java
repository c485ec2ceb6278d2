package org.hgcmdserver.cli;

import static java.util.stream.Collectors.toUnmodifiableSet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.host.LogConfigurator;
import org.hgcmdserver.host.SystemdNotifier;
import org.hgcmdserver.listener.BoundListener;
import org.hgcmdserver.listener.InheritedListener;
import org.hgcmdserver.listener.LaunchdListener;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.ProcessImage;
import org.hgcmdserver.posix.Signal;
import org.hgcmdserver.posix.SignalSource;
import org.hgcmdserver.posix.Ticker;
import org.hgcmdserver.reload.Handover;
import org.hgcmdserver.reload.Reexec;
import org.hgcmdserver.reload.Successor;
import org.hgcmdserver.service.CommandServerHandler;
import org.hgcmdserver.service.CommandServerHandler.Admission;
import org.hgcmdserver.service.ForkingService;
import org.hgcmdserver.service.Outcome;
import org.hgcmdserver.service.ServiceConfig;
import org.hgcmdserver.service.ServiceHandler;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.WorkerSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code hg-cmdserver serve}: the daemon. */
@Command(
        name = "serve",
        description =
                "Listens on a Unix socket and serves each connection with a Mercurial command server of"
                        + " its own, until SIGTERM or SIGINT; then waits for the remaining connections to"
                        + " end. A second signal ends the wait. On SIGHUP the program restarts itself"
                        + " without a pause in service.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Main.Version.class)
final class ServeCommand implements Callable<Integer> {

    @Mixin private final Address address = new Address();

    @Mixin private final WorkerOptions workers = new WorkerOptions();

    @Mixin private final LifeOptions life = new LifeOptions();

    @Mixin private final AccessOptions access = new AccessOptions();

    @Option(
            names = "--socket-mode",
            paramLabel = "MODE",
            defaultValue = "0600",
            converter = ModeConverter.class,
            description =
                    "The permissions of the socket, in octal. Any user who can write to the socket acts as this user."
                            + " Default: ${DEFAULT-VALUE}.")
    private int socketMode;

    @Option(
            names = "--debug",
            arity = "0..1",
            paramLabel = "yes|no",
            defaultValue = "no",
            fallbackValue = "yes",
            converter = Values.BooleanConverter.class,
            description = "Log each connection and worker.")
    private boolean debug;

    @Option(
            names = "--quiet",
            arity = "0..1",
            paramLabel = "yes|no",
            defaultValue = "no",
            fallbackValue = "yes",
            converter = Values.BooleanConverter.class,
            description = "Log warnings and errors only.")
    private boolean quiet;

    @Option(
            names = "--config-file",
            paramLabel = "FILE",
            converter = Values.PathConverter.class,
            description =
                    "Where to read options that the command line does not give, in lines \"name = value\"."
                            + " Default: $XDG_CONFIG_HOME/hg-cmdserver/hg-cmdserver.conf, for root"
                            + " /etc/hg-cmdserver/hg-cmdserver.conf, if there is one.")
    private Path configFile;

    @Option(
            names = "--check",
            description = "Check the options and the configuration file, and exit.")
    private boolean check;

    /** Null if picocli has not parsed the command line. */
    @Spec private CommandSpec spec;

    private final OptionTable options = OptionTable.of(this);

    private List<String> arguments;

    private ConfigFile config;

    private boolean signalled;

    /** See {@link ConfigFile#placeOf}; the command must have read the file. */
    String placeInTheFile(OptionException wrong) {
        return config.placeOf(wrong);
    }

    /**
     * Runs the command without picocli.
     *
     * @param arguments the program's arguments, with this command's name first
     * @return the exit status; empty if picocli must parse this command line
     */
    OptionalInt callWithoutParser(List<String> arguments) throws IOException, ConfigException {
        Optional<Set<String>> given = options.parse(arguments.subList(1, arguments.size()));
        return given.isPresent()
                ? OptionalInt.of(serve(arguments, given.get()))
                : OptionalInt.empty();
    }

    @Override
    public Integer call() throws IOException, ConfigException {
        Set<String> given =
                spec.commandLine().getParseResult().matchedOptions().stream()
                        .map(option -> option.longestName().substring("--".length()))
                        .collect(toUnmodifiableSet());
        return serve(spec.root().commandLine().getParseResult().originalArgs(), given);
    }

    /**
     * @param arguments the program's arguments as given, with this command's name first
     * @param given the names, without dashes, of the options that the command line gives
     */
    private int serve(List<String> arguments, Set<String> given)
            throws IOException, ConfigException {
        this.arguments = arguments;
        config = ConfigFile.read(configFile, options);
        config.applyUnless(given);
        LogConfigurator.setLevel(debug ? Level.DEBUG : quiet ? Level.WARN : Level.INFO);
        Supplier<CommandServer> server = workers.commandServer();
        WorkerSource.Factory source = workers.source(server);
        ServiceConfig settings = life.serviceConfig(workers);
        Admission admission = access.admission();
        if (check) {
            Reexec.tellCommand(Main.class);
            return ExitStatus.OK;
        }
        Optional<Handover> predecessor = Reexec.predecessor();
        ServiceHandler handler =
                new CommandServerHandler(
                        pathIfAny -> listener(predecessor),
                        server,
                        life.idleExit(),
                        admission,
                        successor(),
                        Ticker.SYSTEM);
        ForkingService service =
                ForkingService.open(
                        address.pathIfAny(),
                        handler,
                        settings,
                        source,
                        SystemdNotifier.fromEnvironment(
                                Environment.inherited().getBytes("NOTIFY_SOCKET"),
                                System.getenv(),
                                Ticker.SYSTEM::nanoTime),
                        Ticker.SYSTEM);
        SignalSource.deliver(service.loop(), signal -> onSignal(service, signal));
        service.init(predecessor.orElse(null));
        LoggerFactory.getLogger(ServeCommand.class).info("{}", Main.Version.text());
        openAllJars();
        return service.run() == Outcome.DRAINED ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    /**
     * Makes the class loader open all jars now, so that a later upgrade, which replaces the files,
     * does not mix two releases in one process.
     */
    private static void openAllJars() {
        ServeCommand.class.getResource("/no-such-resource");
    }

    /** Null if the launcher did not start this process. */
    private Successor successor() {
        String launcher = ProcessImage.property(Reexec.LAUNCHER, null);
        return launcher == null ? null : new Reexec(launcher, arguments, config::fingerprint);
    }

    private Listener listener(Optional<Handover> predecessor) throws IOException {
        if (predecessor.isPresent()) {
            return handedOver(predecessor.get());
        }
        Optional<Listener> inherited =
                InheritedListener.fromEnvironment(System.getenv(), ProcessHandle.current().pid());
        inherited = inherited.isPresent() ? inherited : LaunchdListener.activate();
        if (inherited.isPresent()) {
            return inherited.get();
        }
        address.makeDefaultDirectory();
        return BoundListener.bind(address.path(), socketMode);
    }

    private Listener handedOver(Handover predecessor) throws IOException {
        Listener listener = Reexec.listener(predecessor);
        Path wanted = address.pathIfAny();
        if (listener instanceof BoundListener bound) {
            bound.setMode(socketMode);
        }
        if (listener instanceof BoundListener
                && wanted != null
                && !listener.address().equals(PlatformPath.text(wanted))) {
            LoggerFactory.getLogger(ServeCommand.class)
                    .warn(
                            "still listening at {}; restart the service to listen at {}",
                            listener.address(),
                            wanted);
        }
        return listener;
    }

    private void onSignal(ForkingService service, Signal signal) {
        Logger log = LoggerFactory.getLogger(ServeCommand.class);
        if (signal == Signal.SIGHUP) {
            log.debug("{}", signal);
            service.reload();
        } else if (signalled) {
            log.info("a second signal, {}", signal);
            service.abandon();
        } else {
            log.debug("{}", signal);
            signalled = true;
            service.stop();
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
