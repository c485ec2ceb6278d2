package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.prefork.PreforkSource;
import org.hgcmdserver.worker.prefork.TemplateProgram;
import org.hgcmdserver.worker.spawn.SpawnSource;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say what serves a connection and where it comes from. */
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
                    "The repository for commands that name none. Without it each finds its own.")
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
            description =
                    "prefork: fork workers ahead, from a warm Mercurial (the default on Linux). spawn:"
                            + " start hg for each connection.")
    private Kind workers;

    @Option(
            names = "--min-idle",
            paramLabel = "N",
            defaultValue = "2",
            converter = CountConverter.class,
            description =
                    "How many workers wait for a connection in quiet times. Default: ${DEFAULT-VALUE}.")
    private int minIdle;

    @Option(
            names = "--max-idle",
            paramLabel = "N",
            defaultValue = "8",
            converter = CountConverter.class,
            description = "How many wait at most. Default: ${DEFAULT-VALUE}.")
    private int maxIdle;

    @Option(
            names = "--max-workers",
            paramLabel = "N",
            defaultValue = "64",
            converter = CountConverter.class,
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
                    "The longest request, and the longest piece of input, that a forked worker takes."
                            + " Default: ${DEFAULT-VALUE}.")
    private long maxRequest;

    @Option(
            names = "--max-repo-cache",
            paramLabel = "N",
            defaultValue = "4",
            converter = CountConverter.class,
            description =
                    "How many of the repositories used last are kept loaded for forked workers. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int maxRepoCache;

    int maxWorkers() throws IOException {
        if (maxWorkers == 0) {
            throw new IOException("--max-workers 0 would serve nobody; give at least 1");
        }
        return maxWorkers;
    }

    /**
     * @throws IOException if there is no such Mercurial or repository
     */
    CommandServer commandServer() throws IOException {
        return workerCommand == null
                ? CommandServer.mercurial(Executables.find(hg), checkedRepository())
                : CommandServer.shell(workerCommand);
    }

    /**
     * @throws IOException if the options contradict each other
     */
    WorkerSource.Factory source(CommandServer server) throws IOException {
        if (minIdle > maxIdle) {
            throw new IOException(
                    "--min-idle %d is more than --max-idle %d; raise the latter"
                            .formatted(minIdle, maxIdle));
        }
        if (kind() == Kind.spawn) {
            return SpawnSource::new;
        }
        List<String> options = repository == null ? List.of() : List.of("-R", checkedRepository());
        Path main = Path.of(System.getProperty(LIB), "python", "main.py");
        return PreforkSource.factory(
                new TemplateProgram(server.program(), options, main, maxRequest, maxRepoCache),
                server,
                minIdle,
                maxIdle);
    }

    private Kind kind() throws IOException {
        boolean possible =
                PreforkSource.isSupported()
                        && workerCommand == null
                        && System.getProperty(LIB) != null;
        if (workers == Kind.prefork && !possible) {
            throw new IOException(
                    "--workers prefork needs Linux and Mercurial, not a --worker-command; use --workers spawn");
        }
        return possible && workers != Kind.spawn ? Kind.prefork : Kind.spawn;
    }

    private String checkedRepository() throws IOException {
        if (repository == null) {
            return null;
        }
        Path path = Path.of(repository).toAbsolutePath();
        if (!Files.isDirectory(path.resolve(".hg"))) {
            throw new IOException(
                    "%s is no Mercurial repository; make one with: hg init %s, or leave --repository out"
                            .formatted(path, path));
        }
        return path.toString();
    }

    static final class CountConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            if (!value.matches("\\d{1,6}")) {
                throw new TypeConversionException("'" + value + "' is not a number from 0 on");
            }
            return Integer.parseInt(value);
        }
    }

    static final class SizeConverter implements ITypeConverter<Long> {
        /** channeledinput.maxchunksize in commandserver.py. */
        private static final int CHUNK = 4096;

        private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([KMG]?)");

        @Override
        public Long convert(String value) {
            Matcher size = SIZE.matcher(value.toUpperCase(Locale.ROOT));
            if (!size.matches()) {
                throw new TypeConversionException(
                        "'" + value + "' is not a size in bytes, such as 65536, 512K or 64M");
            }
            int shift = 10 * " KMG".indexOf(size.group(2).isEmpty() ? " " : size.group(2));
            long bytes = Long.parseLong(size.group(1)) << shift;
            if (bytes < CHUNK) {
                throw new TypeConversionException(
                        "'" + value + "' is less than 4K, in which Mercurial asks for input");
            }
            return bytes;
        }
    }
}
