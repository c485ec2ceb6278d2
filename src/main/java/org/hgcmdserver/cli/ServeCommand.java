package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
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

/** {@code hg-cmdserver serve}: the daemon. */
final class ServeCommand {

    static final String DESCRIPTION =
            "Listens on a Unix socket and serves each connection with a Mercurial command server of"
                    + " its own, until SIGTERM or SIGINT; then waits for the remaining connections to"
                    + " end. A second signal ends the wait. On SIGHUP the program restarts itself;"
                    + " new connections wait meanwhile, and none is lost.";

    /** Of a time option, below the options in help. */
    static final String TIMES =
            "TIME is a time span as in systemd.time(7), such as 500ms, 10min or 1h 30s; 0 and"
                    + " infinity set no limit.";

    private final Address address = new Address();

    private final WorkerOptions workers = new WorkerOptions();

    private final LifeOptions life = new LifeOptions();

    private final AccessOptions access = new AccessOptions();

    private final Option<Integer> socketMode =
            Option.of(Integer.class, Values::mode, "--socket-mode")
                    .label("MODE")
                    .defaultText("0600")
                    .description(
                            "The permissions of the socket, in octal. Any user who can write to the socket acts as this user."
                                    + " Default: ${DEFAULT-VALUE}.");

    private final Option<Boolean> debug =
            Option.bool("--debug")
                    .label("yes|no")
                    .defaultText("no")
                    .fallbackText("yes")
                    .description("Log each connection and worker.");

    private final Option<Boolean> quiet =
            Option.bool("--quiet")
                    .label("yes|no")
                    .defaultText("no")
                    .fallbackText("yes")
                    .description("Log warnings and errors only.");

    private final Option<Path> configFile =
            Option.path("--config-file")
                    .label("FILE")
                    .description(
                            "Where to read options that the command line does not give, in lines \"name = value\"."
                                    + " Default: $XDG_CONFIG_HOME/hg-cmdserver/hg-cmdserver.conf, for root"
                                    + " /etc/hg-cmdserver/hg-cmdserver.conf, if there is one.");

    private final Option<Boolean> check =
            Option.flag("--check")
                    .description(
                            "Check the options, the configuration file and the socket's path, and exit.");

    private final Option<Boolean> printConfig =
            Option.flag("--print-config")
                    .description(
                            "Check as --check does, print the options in effect as a configuration file, and exit.");

    private final OptionTable options = new OptionTable(allOptions());

    private List<String> arguments;

    private ConfigFile config;

    private boolean signalled;

    private List<Option<?>> allOptions() {
        List<Option<?>> all = new ArrayList<>();
        all.add(address.given());
        all.addAll(workers.options());
        all.addAll(life.options());
        all.addAll(access.options());
        all.addAll(List.of(socketMode, debug, quiet, configFile, check, printConfig));
        return all;
    }

    OptionTable options() {
        return options;
    }

    /** See {@link ConfigFile#placeOf}; the command must have read the file. */
    String placeInTheFile(OptionException wrong) {
        return config.placeOf(wrong);
    }

    /**
     * The exit status for a value that has turned out to be wrong, and did not come from the file.
     * The command line is not to blame for a default, nor for a socket's place: binding fails there
     * with the same status.
     */
    int statusOf(OptionException wrong) {
        Option<?> option = options.find("--" + wrong.option());
        return option.isDefault() || option == address.given()
                ? ExitStatus.FAILURE
                : ExitStatus.USAGE;
    }

    /**
     * Runs the command without picocli.
     *
     * @param arguments the program's arguments, with this command's name first
     * @return the exit status; empty if picocli must parse this command line
     */
    OptionalInt callWithoutPicocli(List<String> arguments) throws IOException, ConfigException {
        Optional<Set<String>> given = options.parse(arguments.subList(1, arguments.size()));
        return given.isPresent()
                ? OptionalInt.of(call(arguments, given.get()))
                : OptionalInt.empty();
    }

    /**
     * Runs the command, whose options are set.
     *
     * @param arguments the program's arguments as given, with this command's name first
     * @param given the names, without dashes, of the options that the command line gives
     */
    int call(List<String> arguments, Set<String> given) throws IOException, ConfigException {
        this.arguments = arguments;
        config = ConfigFile.read(configFile.value(), options);
        config.applyUnless(given);
        LogConfigurator.setLevel(
                debug.value() ? Level.DEBUG : quiet.value() ? Level.WARN : Level.INFO);
        Supplier<CommandServer> server = workers.commandServer();
        WorkerSource.Factory source = workers.source(server);
        ServiceConfig settings = life.serviceConfig(workers);
        Admission admission = access.admission();
        if (check.value() || printConfig.value()) {
            return check();
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
        LoggerFactory.getLogger(ServeCommand.class).info("{}", Main.version());
        openAllJars();
        return status(service.run());
    }

    private int check() throws IOException {
        if (Reexec.isCheckOfAReload()) { // which keeps its socket
            Reexec.tellCommand(Main.class);
            return ExitStatus.OK;
        }
        address.check();
        if (printConfig.value()) {
            workers.resolveKind();
            ConfigPrinter.print(options.options(), address.given(), address.pathIfAny());
        }
        return ExitStatus.OK;
    }

    private static int status(Outcome outcome) {
        return switch (outcome) {
            case DRAINED -> ExitStatus.OK;
            case TIMED_OUT -> ExitStatus.WORKERS_LEFT;
            case ABANDONED -> ExitStatus.FAILURE;
        };
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
        return BoundListener.bind(address.path(), socketMode.value());
    }

    private Listener handedOver(Handover predecessor) throws IOException {
        Listener listener = Reexec.listener(predecessor);
        Path wanted = address.pathIfAny();
        if (listener instanceof BoundListener bound) {
            bound.setMode(socketMode.value());
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
}
