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
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that set which program serves a connection, and how its process starts. */
final class WorkerOptions {

    /** Set by the launcher: the lib directory of the installed tree. */
    private static final String LIB = "hgcmdserver.lib";

    enum Kind {
        prefork,
        spawn
    }

    @Option(
            names = {"-R", "--repository"},
            paramLabel = "REPO",
            description =
                    "The repository for commands that name none. Without this option each command finds"
                            + " its own repository.")
    private String repository;

    @Option(
            names = "--hg",
            paramLabel = "PATH",
            defaultValue = "hg",
            description = "The Mercurial to run. Default: ${DEFAULT-VALUE}, from $$PATH.")
    private String hg;

    @Option(
            names = "--worker-command",
            paramLabel = "COMMAND",
            description =
                    "A shell command to run for each connection instead of Mercurial, with the connection"
                            + " as its standard input and output.")
    private String workerCommand;

    @Option(
            names = "--workers",
            paramLabel = "KIND",
            converter = KindConverter.class,
            description =
                    "prefork: fork workers ahead, from a warm Mercurial (the default on Linux). spawn:"
                            + " start hg for each connection.")
    private Kind workers;

    @Option(
            names = "--min-idle",
            paramLabel = "N",
            defaultValue = "2",
            converter = Values.CountConverter.class,
            description =
                    "How many workers wait for a connection in quiet times. Default: ${DEFAULT-VALUE}.")
    private int minIdle;

    @Option(
            names = "--max-idle",
            paramLabel = "N",
            defaultValue = "8",
            converter = Values.CountConverter.class,
            description = "How many workers wait at most. Default: ${DEFAULT-VALUE}.")
    private int maxIdle;

    @Option(
            names = "--max-templates",
            paramLabel = "N",
            defaultValue = "8",
            converter = Values.CountConverter.class,
            description =
                    "How many warm Mercurials there are at most, from which workers are forked: one, and"
                            + " one for each environment of chg. Each has idle workers of its own."
                            + " Default: ${DEFAULT-VALUE}.")
    private int maxTemplates;

    @Option(
            names = "--max-template-memory",
            paramLabel = "BYTES",
            defaultValue = "512M",
            converter = Values.SizeLimitConverter.class,
            description =
                    "How much memory the warm Mercurials for chg and their idle workers use at most;"
                            + " pages that processes share count once. Default: ${DEFAULT-VALUE}.")
    private long maxTemplateMemory;

    @Option(
            names = "--max-workers",
            paramLabel = "N",
            defaultValue = "64",
            converter = Values.LimitConverter.class,
            description =
                    "How many connections are served at a time; more wait until one ends. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int maxWorkers;

    @Option(
            names = "--max-request",
            paramLabel = "BYTES",
            defaultValue = "64M",
            converter = SizeConverter.class,
            description =
                    "The longest request, and the longest piece of input, that a worker accepts."
                            + " Default: ${DEFAULT-VALUE}.")
    private long maxRequest;

    @Option(
            names = "--idle-timeout",
            paramLabel = "TIME",
            defaultValue = "infinity",
            converter = Values.DurationConverter.class,
            description =
                    "End a connection that has sent no request for this time: between two requests, never"
                            + " during a command. Default: ${DEFAULT-VALUE}.")
    private Duration idleTimeout;

    @Option(
            names = "--start-timeout",
            paramLabel = "TIME",
            defaultValue = "1min",
            converter = Values.DurationConverter.class,
            description =
                    "Give up on a worker that has not said hello within this time, and tell its client."
                            + " Does not apply to a --worker-command, which may have nothing to say."
                            + " Default: ${DEFAULT-VALUE}.")
    private Duration startTimeout;

    @Option(
            names = "--max-repo-cache",
            paramLabel = "N",
            defaultValue = "0",
            converter = Values.CountConverter.class,
            description =
                    "The number of recently used repositories for which the template keeps the parsed"
                            + " changelog index, the phases and the obsolescence markers; 0 turns this"
                            + " off. Default: ${DEFAULT-VALUE}.")
    private int maxRepoCache;

    private TemplateProgram program;

    int maxWorkers() {
        return maxWorkers;
    }

    Optional<Duration> startTimeout() {
        return workerCommand == null ? Values.finite(startTimeout) : Optional.empty();
    }

    /**
     * The command server of a connection. Callers ask the supplier for each connection, since the
     * interpreter of hg may change.
     *
     * @throws IOException if there is no such Mercurial or repository
     */
    Supplier<CommandServer> commandServer() throws IOException {
        if (workerCommand != null) {
            CommandServer shell = CommandServer.shell(workerCommand);
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
        if (minIdle > maxIdle) {
            throw new OptionException(
                    "min-idle",
                    "--min-idle %d is more than --max-idle %d; raise the latter"
                            .formatted(minIdle, maxIdle));
        }
        if (kind() == Kind.prefork) {
            return PreforkSource.factory(
                    program(),
                    server.get(),
                    new Sizes(minIdle, maxIdle, maxTemplates, maxTemplateMemory));
        }
        if (workerCommand != null) {
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
        List<String> options = repository == null ? List.of() : List.of("-R", checkedRepository());
        Path main = PlatformPath.of(ProcessImage.property(LIB, "")).resolve("python/main.py");
        if (!Files.isReadable(main)) {
            throw new IOException(main + " is missing; reinstall hg-cmdserver");
        }
        return new TemplateProgram(
                Executables.find(hg),
                options,
                main,
                maxRequest,
                Values.finite(idleTimeout),
                maxRepoCache);
    }

    private Kind kind() throws IOException {
        boolean possible = PreforkSource.isSupported() && workerCommand == null;
        if (workers == Kind.prefork && !possible) {
            throw new OptionException(
                    "workers",
                    "--workers prefork needs Linux and Mercurial, not a --worker-command; use --workers spawn");
        }
        return possible && workers != Kind.spawn ? Kind.prefork : Kind.spawn;
    }

    private String checkedRepository() throws IOException {
        Path path = PlatformPath.of(repository);
        if (!Files.isDirectory(path.resolve(".hg"))) {
            throw new OptionException(
                    "repository",
                    "%s is not a Mercurial repository; make one with: hg init %s, or leave --repository out"
                            .formatted(path, path));
        }
        return PlatformPath.text(path);
    }

    static final class KindConverter extends Values.EnumConverter<Kind> {
        KindConverter() {
            super(Kind.class);
        }
    }

    static final class SizeConverter implements ITypeConverter<Long> {
        /** channeledinput.maxchunksize in commandserver.py. */
        private static final int CHUNK = 4096;

        @Override
        public Long convert(String value) {
            long bytes = Values.size(value);
            if (bytes < CHUNK) {
                throw new TypeConversionException(
                        "'"
                                + value
                                + "' is less than 4K, the size in which Mercurial asks for input");
            }
            return bytes;
        }
    }
}
