package org.hgcmdserver.cli;

import java.io.BufferedInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import jnr.constants.platform.Signal;
import org.hgcmdserver.client.CommandClient;
import org.hgcmdserver.client.CommandStreams;
import org.hgcmdserver.posix.SignalSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hg-cmdserver run}: runs one command through a server. */
@Command(
        name = "run",
        description =
                "Runs one Mercurial command through a server, in this directory, with this terminal's"
                        + " input and output, and ends with its exit status.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Main.Version.class)
final class RunCommand implements Callable<Integer> {

    /** Set by the launcher, which can ask without native code. */
    private static final String STDIN_IS_TERMINAL = "hgcmdserver.stdin.terminal";

    @Mixin private Address address;

    @Option(
            names = "--server-directory",
            description =
                    "Run the command where the server runs, in the repository that it was started with,"
                            + " instead of in this directory.")
    private boolean serverDirectory;

    @Parameters(
            arity = "1..*",
            paramLabel = "HG-ARGUMENTS",
            description = "The command and its arguments, behind a \"--\".")
    private List<String> hgArguments;

    @Override
    public Integer call() throws IOException {
        InterruptibleInput input = new InterruptibleInput(new FileInputStream(FileDescriptor.in));
        CommandStreams streams =
                CommandStreams.of(
                        new BufferedInputStream(input),
                        new FileOutputStream(FileDescriptor.out),
                        new FileOutputStream(FileDescriptor.err));
        Path socket = address.path();
        try (CommandClient client = connect(socket)) {
            SignalSource.handleInJvm(signal -> forward(client, input, signal));
            return client.run(arguments(), streams);
        }
    }

    private static CommandClient connect(Path socket) throws IOException {
        try {
            return CommandClient.connect(socket);
        } catch (java.net.SocketException e) {
            throw new IOException(
                    e.getMessage()
                            + "; is a server running? Start one with: hg-cmdserver serve --address "
                            + socket,
                    e);
        }
    }

    private List<String> arguments() {
        List<String> all = new ArrayList<>();
        if (!serverDirectory) {
            // first, so that the command's own --cwd wins, and made absolute for it
            all.addAll(List.of("--cwd", System.getProperty("user.dir")));
        }
        // Mercurial asks whether its input is a terminal, which a channel never is
        all.addAll(List.of("--config", "ui.interactive=" + Boolean.getBoolean(STDIN_IS_TERMINAL)));
        all.addAll(absoluteCwd(hgArguments));
        return all;
    }

    /** A relative --cwd is meant from here, not from the server's directory. */
    static List<String> absoluteCwd(List<String> arguments) {
        List<String> all = new ArrayList<>(arguments);
        for (int i = 0; i < all.size() && !all.get(i).equals("--"); i++) {
            if (all.get(i).startsWith("--cwd=")) {
                all.set(i, "--cwd=" + absolute(all.get(i).substring("--cwd=".length())));
            } else if (all.get(i).equals("--cwd") && i + 1 < all.size()) {
                all.set(i + 1, absolute(all.get(++i)));
            }
        }
        return all;
    }

    private static String absolute(String path) {
        return Path.of(path).toAbsolutePath().toString();
    }

    /**
     * A signal is the command's. If it cannot have it, or while the command waits for input that
     * this process waits for in turn, it is this process's too.
     */
    private static void forward(CommandClient client, InterruptibleInput input, Signal signal) {
        try {
            client.signal(signal);
            if (!input.isRead()) {
                return;
            }
        } catch (IOException e) {
            System.err.println("hg-cmdserver: " + e.getMessage());
        }
        Runtime.getRuntime().halt(128 + signal.intValue());
    }

    /** Knows whether somebody waits for it. */
    private static final class InterruptibleInput extends FilterInputStream {

        private volatile boolean read;

        InterruptibleInput(InputStream in) {
            super(in);
        }

        boolean isRead() {
            return read;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            read = true;
            try {
                return super.read(bytes, offset, length);
            } finally {
                read = false;
            }
        }
    }
}
