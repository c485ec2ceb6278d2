package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.ProcessImage;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.prefork.PreforkSource;
import org.hgcmdserver.worker.prefork.PreforkSource.Sizes;
import org.hgcmdserver.worker.prefork.TemplateProgram;
import org.hgcmdserver.worker.spawn.SpawnSource;

/** The options that set which program serves a connection, and how its process starts. */
final class WorkerOptions {

    /** Set by the launcher: the lib directory of the installed tree. */
    static final String LIB = "hgcmdserver.lib";

    /** channeledinput.maxchunksize in commandserver.py. */
    private static final int CHUNK = 4096;

    enum Kind {
        prefork,
        spawn
    }

    private final Option<String> repository =
            Option.text("-R", "--repository")
                    .label("REPO")
                    .description(
                            "The repository for commands that name none. Without this option each command finds"
                                    + " its own repository.");

    private final Option<String> hg =
            Option.text("--hg")
                    .label("PATH")
                    .defaultText("hg")
                    .description("The Mercurial to run. Default: ${DEFAULT-VALUE}, from $$PATH.");

    private final Option<String> workerCommand =
            Option.text("--worker-command")
                    .label("COMMAND")
                    .description(
                            "A shell command to run for each connection instead of Mercurial, with the connection"
                                    + " as its standard input and output.");

    private final Option<Kind> workers =
            Option.oneOf(Kind.values(), "--workers")
                    .label("KIND")
                    .description(
                            "prefork: fork workers ahead, from a warm Mercurial (the default on Linux). spawn:"
                                    + " start hg for each connection.");

    private final Option<Integer> minIdle =
            Option.count("--min-idle")
                    .label("N")
                    .defaultText("2")
                    .description(
                            "How many workers wait for a connection in quiet times. With 0 the warm Mercurial, too, ends"
                                    + " after an hour without a connection. Default: ${DEFAULT-VALUE}.");

    private final Option<Integer> maxIdle =
            Option.count("--max-idle")
                    .label("N")
                    .defaultText("8")
                    .description("How many workers wait at most. Default: ${DEFAULT-VALUE}.");

    private final Option<Integer> maxTemplates =
            Option.count("--max-templates")
                    .label("N")
                    .defaultText("8")
                    .description(
                            "How many warm Mercurials there are at most, from which workers are forked: one, and"
                                    + " one for each environment of chg. Each has idle workers of its own."
                                    + " Default: ${DEFAULT-VALUE}.");

    private final Option<Long> maxTemplateMemory =
            Option.of(Long.class, Values::sizeLimit, "--max-template-memory")
                    .label("BYTES")
                    .defaultText("512M")
                    .description(
                            "How much memory the warm Mercurials for chg and their idle workers use at most;"
                                    + " pages that processes share count once. Default: ${DEFAULT-VALUE}.");

    private final Option<Integer> maxWorkers =
            Option.limit("--max-workers")
                    .label("N")
                    .defaultText("64")
                    .description(
                            "How many connections are served at a time; more wait until one ends. Default:"
                                    + " ${DEFAULT-VALUE}.");

    private final Option<Long> maxRequest =
            Option.of(Long.class, WorkerOptions::requestSize, "--max-request")
                    .label("BYTES")
                    .defaultText("64M")
                    .description(
                            "The longest request, and the longest piece of input, that a worker accepts."
                                    + " Default: ${DEFAULT-VALUE}.");

    private final Option<Duration> idleTimeout =
            Option.duration("--idle-timeout")
                    .label("TIME")
                    .defaultText("infinity")
                    .description(
                            "End a connection that has sent no request for this time between two requests, or has"
                                    + " read none of a command's output. Default: ${DEFAULT-VALUE}.");

    private final Option<Duration> startTimeout =
            Option.duration("--start-timeout")
                    .label("TIME")
                    .defaultText("1min")
                    .description(
                            "Give up on a worker that has not said hello within this time, and tell its client."
                                    + " Does not apply to a --worker-command, which may have nothing to say."
                                    + " Default: ${DEFAULT-VALUE}.");

    private final Option<Integer> maxRepoCache =
            Option.count("--max-repo-cache")
                    .label("N")
                    .defaultText("0")
                    .description(
                            "The number of recently used repositories for which the template keeps the parsed"
                                    + " changelog index, the phases and the obsolescence markers; 0 turns this"
                                    + " off. Default: ${DEFAULT-VALUE}.");

    private final Option<String> peerEmailDomain =
            Option.of(String.class, WorkerOptions::domain, "--peer-email-domain")
                    .label("DOMAIN")
                    .description(
                            "The domain of the authors' addresses in commits of other users that"
                                    + " give no user name: \"Alice <alice@DOMAIN>\". Default: the host's name.");

    private TemplateProgram program;

    List<Option<?>> options() {
        return List.of(
                repository,
                hg,
                workerCommand,
                workers,
                minIdle,
                maxIdle,
                maxTemplates,
                maxTemplateMemory,
                maxWorkers,
                maxRequest,
                idleTimeout,
                startTimeout,
                maxRepoCache,
                peerEmailDomain);
    }

    int maxWorkers() {
        return maxWorkers.value();
    }

    Optional<Duration> idleTimeout() {
        return Values.finite(idleTimeout.value());
    }

    Optional<Duration> startTimeout() {
        return workerCommand.value() == null
                ? Values.finite(startTimeout.value())
                : Optional.empty();
    }

    /**
     * The command server of a connection. Callers ask the supplier for each connection, since the
     * interpreter of hg may change.
     *
     * @throws IOException if there is no such Mercurial or repository
     */
    Supplier<CommandServer> commandServer() throws IOException {
        if (workerCommand.value() != null) {
            CommandServer shell = CommandServer.shell(workerCommand.value());
            return () -> shell;
        }
        if (kind() == Kind.prefork) { // the pool matches connections by this instance
            CommandServer server = program().commandServer();
            return () -> server;
        }
        return program()::commandServer;
    }

    /**
     * @throws IOException if the options contradict each other
     */
    WorkerSource.Factory source(Supplier<CommandServer> server) throws IOException {
        if (minIdle.value() > maxIdle.value()) {
            throw new OptionException(
                    minIdle.isDefault() ? "max-idle" : "min-idle",
                    "--min-idle %d is more than --max-idle %d; raise the latter"
                            .formatted(minIdle.value(), maxIdle.value()));
        }
        if (kind() == Kind.prefork) {
            return PreforkSource.factory(
                    program(),
                    server.get(),
                    new Sizes(
                            minIdle.value(),
                            maxIdle.value(),
                            maxTemplates.value(),
                            maxTemplateMemory.value()));
        }
        if (workerCommand.value() != null) {
            return (loop, children, table, owner) -> new SpawnSource(loop, table, owner);
        }
        TemplateProgram program = program();
        return (loop, children, table, owner) -> {
            program.proveStrictServer(loop, children);
            return new SpawnSource(loop, table, owner);
        };
    }

    private TemplateProgram program() throws IOException {
        if (program == null) {
            program = findProgram();
        }
        return program;
    }

    private TemplateProgram findProgram() throws IOException {
        List<String> options =
                repository.value() == null ? List.of() : List.of("-R", checkedRepository());
        Path main = PlatformPath.of(ProcessImage.property(LIB, "")).resolve("python/main.py");
        if (!Files.isReadable(main)) {
            throw new IOException(main + " is missing; reinstall hg-cmdserver");
        }
        return new TemplateProgram(
                Executables.find(hg.value()),
                options,
                main,
                new TemplateProgram.Settings(
                        maxRequest.value(),
                        idleTimeout(),
                        maxRepoCache.value(),
                        Optional.ofNullable(peerEmailDomain.value())));
    }

    /** Sets the kind of workers that an absent option means. */
    void resolveKind() throws IOException {
        workers.set(kind());
    }

    private Kind kind() throws IOException {
        boolean possible = PreforkSource.isSupported() && workerCommand.value() == null;
        if (workers.value() == Kind.prefork && !possible) {
            throw new OptionException(
                    "workers",
                    "--workers prefork needs Linux and Mercurial, not a --worker-command; use --workers spawn");
        }
        return possible && workers.value() != Kind.spawn ? Kind.prefork : Kind.spawn;
    }

    private String checkedRepository() throws IOException {
        Path path = PlatformPath.of(repository.value());
        if (!Files.isDirectory(path.resolve(".hg"))) {
            throw new OptionException(
                    "repository",
                    "%s is not a Mercurial repository; make one with: hg init %s, or leave --repository out"
                            .formatted(path, path));
        }
        return PlatformPath.text(path);
    }

    private static String domain(String text) {
        if (!text.matches("[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")) {
            throw new ValueException("'" + text + "' is not a domain, such as example.org");
        }
        return text;
    }

    private static long requestSize(String text) {
        long bytes = Values.size(text);
        if (bytes < CHUNK) {
            throw new ValueException(
                    "'" + text + "' is less than 4K, the size in which Mercurial asks for input");
        }
        return bytes;
    }
}
