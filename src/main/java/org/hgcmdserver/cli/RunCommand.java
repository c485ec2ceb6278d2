package org.hgcmdserver.cli;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.client.CommandClient;
import org.hgcmdserver.client.CommandStreams;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PlatformString;
import org.hgcmdserver.posix.Signal;
import org.hgcmdserver.posix.SignalSource;
import org.hgcmdserver.posix.Terminal;

/** {@code hg-cmdserver run}: runs one command through a server. */
final class RunCommand {

    static final String DESCRIPTION =
            "Runs one Mercurial command through a server, in this directory, with this terminal's"
                    + " input and output, and exits with the command's status. If chg is installed"
                    + " and the socket is this user's, chg runs the command, with this environment;"
                    + " else this program's own client does, with the server's.";

    /** Set by the launcher, which can test for a terminal without native code. */
    private static final String STDIN_IS_TERMINAL = "hgcmdserver.stdin.terminal";

    /** How long the server may take to signal a command of another user's worker. */
    private static final Duration LONGEST_SIGNAL = Duration.ofSeconds(5);

    private static final int STDIN = 0;

    /** The exit status of an hg that cannot write its output. */
    private static final int ABORTED = 255;

    private final ServerOptions server = new ServerOptions();

    private final Option<Boolean> serverDirectory =
            Option.flag("--server-directory")
                    .description(
                            "Run the command where the server runs, in the repository that it was started with,"
                                    + " instead of in this directory.");

    /** For the launcher, which becomes chg without starting Java. */
    private final Option<Boolean> noChg =
            Option.flag("--no-chg")
                    .description(
                            "Run the command in the server's environment, with this program's own client, even if chg"
                                    + " is installed.");

    private final Terminal terminal = new Terminal(STDIN);
    private final InterruptibleInput input =
            new InterruptibleInput(new FileInputStream(FileDescriptor.in));

    /** Whether SIGQUIT has come. */
    private volatile boolean quit;

    /** The signal sent to the command, which does not survive it; null if there was none. */
    private volatile Signal forwarded;

    /** Null until the server has said hello. */
    private volatile CommandClient connected;

    List<Option<?>> options() {
        List<Option<?>> all = new ArrayList<>(server.options());
        all.addAll(List.of(serverDirectory, noChg));
        return all;
    }

    /**
     * Runs the command without picocli.
     *
     * @param arguments the program's arguments, with this command's name first
     * @return the exit status; empty if picocli must parse this command line
     */
    OptionalInt callWithoutPicocli(List<String> arguments) throws IOException, ConfigException {
        int end = arguments.indexOf("--");
        if (end < 0 || end == arguments.size() - 1) {
            return OptionalInt.empty();
        }
        boolean usual = new OptionTable(options()).parse(arguments.subList(1, end)).isPresent();
        return usual
                ? OptionalInt.of(call(arguments.subList(end + 1, arguments.size())))
                : OptionalInt.empty();
    }

    int call(List<String> hgArguments) throws IOException, ConfigException {
        CommandStreams streams =
                CommandStreams.of(
                                new BufferedInputStream(input),
                                StandardStreams.output(),
                                StandardStreams.error())
                        .withEcho(new TerminalEcho());
        Path socket = server.socket();
        try (Closeable signals = SignalSource.deliver(this::received);
                CommandClient client = server.connect(socket)) {
            connected = client;
            return client.runRaw(
                    arguments(hgArguments).stream().map(PlatformString::encode).toList(), streams);
        } catch (StandardStreams.OutputLost e) {
            if (e.message() != null) {
                System.err.println(e.message());
            }
            return ABORTED;
        } catch (IOException e) {
            if (quit) {
                SignalSource.dieBy(Signal.SIGQUIT); // the signal ended the command too
            }
            throw e;
        }
    }

    private List<String> arguments(List<String> hgArguments) {
        List<String> all = new ArrayList<>();
        if (!serverDirectory.value()) {
            // first, so that the command's own --cwd, which is made absolute too, wins
            all.addAll(List.of("--cwd", PlatformPath.text(PlatformPath.workingDirectory())));
        }
        // Mercurial checks whether its input is a terminal; a channel never is one
        all.addAll(List.of("--config", "ui.interactive=" + Boolean.getBoolean(STDIN_IS_TERMINAL)));
        all.addAll(absoluteCwd(hgArguments));
        return all;
    }

    /** Resolves a relative --cwd against this directory, not the server's. */
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
        return PlatformPath.text(PlatformPath.of(path));
    }

    /**
     * Forwards a signal to the command. The signal ends this process too if the command cannot
     * receive it, while the command waits for input that this process waits for in turn, and always
     * if it is SIGQUIT.
     */
    private void received(Signal signal) {
        CommandClient client = connected;
        quit = quit || signal == Signal.SIGQUIT;
        try {
            if (client != null) {
                forwarded = signal; // first: see InterruptibleInput
                send(client, signal);
                if (!input.isRead() && !quit) {
                    return;
                }
            }
        } catch (IOException e) {
            System.err.println("hg-cmdserver: " + e.getMessage());
        }
        end(signal);
    }

    /**
     * Signals the command, through another worker if its own belongs to another user. If no worker
     * becomes free within {@link #LONGEST_SIGNAL}, the client gives up.
     */
    private static void send(CommandClient client, Signal signal) throws IOException {
        CompletableFuture<Void> sent = new CompletableFuture<>();
        Thread sender =
                new Thread(
                        () -> {
                            try {
                                client.signal(signal);
                                sent.complete(null);
                            } catch (IOException | RuntimeException e) {
                                sent.completeExceptionally(e);
                            }
                        },
                        "signal");
        sender.setDaemon(true);
        sender.start();
        try {
            sent.get(LONGEST_SIGNAL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException | InterruptedException e) {
            throw new IOException(
                    "the command goes on: no worker of the server is free to interrupt it", e);
        }
    }

    private void end(Signal signal) {
        terminal.restoreForGood();
        if (signal == Signal.SIGQUIT) {
            SignalSource.dieBy(signal);
        }
        Runtime.getRuntime().halt(128 + signal.number());
    }

    private final class TerminalEcho implements CommandStreams.Echo {
        @Override
        public void off() throws IOException {
            terminal.hideInput();
        }

        @Override
        public void on() {
            terminal.restore();
        }
    }

    /**
     * Records whether this process waits for input. A wait that begins after a signal was forwarded
     * ends at once: the command, which asked for the input before the signal came, is gone.
     */
    private final class InterruptibleInput extends FilterInputStream {

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
            if (forwarded != null) {
                end(forwarded);
            }
            try {
                return super.read(bytes, offset, length);
            } finally {
                read = false;
            }
        }
    }
}
