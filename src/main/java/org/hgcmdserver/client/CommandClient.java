package org.hgcmdserver.client;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.DescriptorInput;
import org.hgcmdserver.posix.DescriptorOutput;
import org.hgcmdserver.posix.Errno;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.PeerCredentials;
import org.hgcmdserver.posix.PosixException;
import org.hgcmdserver.posix.Signal;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.protocol.Frame;
import org.hgcmdserver.protocol.Hello;
import org.hgcmdserver.protocol.Message;
import org.hgcmdserver.protocol.ProtocolException;
import org.hgcmdserver.protocol.ServerStream;

/**
 * A connection to a Mercurial command server on a Unix socket: to hg-cmdserver, or to {@code hg
 * serve --cmdserver unix}.
 *
 * <pre>{@code
 * try (CommandClient hg = CommandClient.connect(Path.of("/run/hg-cmdserver/server.sock"))) {
 *     int status = hg.run(List.of("log", "-R", repository), CommandStreams.to(out, err));
 * }
 * }</pre>
 *
 * <p>One command runs at a time; all methods but {@link #signal} belong to one thread.
 */
public final class CommandClient implements Closeable {

    private final Path address;
    private final Trust trust;
    private final OwnedDescriptor socket;
    private final Listener listener;
    private final ServerStream server;
    private final Hello hello;

    private CommandClient(Path address, Trust trust, OwnedDescriptor socket) throws IOException {
        this.address = address;
        this.trust = trust;
        this.socket = socket;
        PeerCredentials peer = PeerCredentials.of(socket.fd());
        trust.checkListener(address, peer);
        listener = new Listener(peer.pid(), peer.uid());
        InputStream in = new BufferedInputStream(new DescriptorInput(socket.fd()), 64 * 1024);
        OutputStream out = new BufferedOutputStream(new DescriptorOutput(socket.fd()), 64 * 1024);
        server = new ServerStream(in, out);
        hello = server.readHello();
    }

    /**
     * Connects to a server of this user's or of root's, and reads its hello, however long the
     * server takes to send it. A service manager that listens, such as systemd, counts as the
     * server: with root's, the server itself may run as any user.
     *
     * @throws UnreachableException if no server listens there, or this user may not connect
     * @throws UntrustedServerException if another user listens there, or can replace the socket
     * @throws IOException if the server refuses and gives a reason, or the connection ends
     */
    public static CommandClient connect(Path address) throws IOException {
        return connect(address, new Trust(OptionalLong.empty()));
    }

    /**
     * As {@link #connect(Path)}, also to a server of a further user, who then can read all that
     * this client sends.
     *
     * @param serverUser the user's id
     */
    public static CommandClient connect(Path address, long serverUser) throws IOException {
        return connect(address, new Trust(OptionalLong.of(serverUser)));
    }

    private static CommandClient connect(Path address, Trust trust) throws IOException {
        OwnedDescriptor socket = SocketPath.connect(address, trust);
        try {
            return new CommandClient(address, trust, socket);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * The process that listens at the socket, or has listened there first, such as systemd
     * (SO_PEERCRED in unix(7)).
     */
    public Listener listener() {
        return listener;
    }

    /** A process, and its user as of listen(2); 0 and -1 if the system does not tell. */
    public record Listener(long pid, long uid) {}

    /** The process id of the worker that serves this connection; 0 if its hello has none. */
    public int worker() {
        return hello.pid();
    }

    /** The server's hello. */
    public Hello hello() {
        return hello;
    }

    /**
     * Runs a command to its end, as {@code hg arguments...} would, in the server's directory.
     *
     * @param arguments sent in the server's encoding
     * @return the command's exit status, 0 to 255
     * @throws IOException if a stream fails, or the connection ends before the command does
     * @throws IllegalArgumentException if an argument holds a NUL
     */
    public int run(List<String> arguments, CommandStreams streams) throws IOException {
        return runRaw(hello.encode(arguments), streams);
    }

    /**
     * Like {@link #run}, with arguments as bytes, like those of a process: the client decodes
     * nothing, and Mercurial decides what is invalid in its encoding.
     *
     * @throws IllegalArgumentException if an argument holds a NUL
     */
    public int runRaw(List<byte[]> arguments, CommandStreams streams) throws IOException {
        hello.check(arguments);
        server.writeRequest("runcommand", arguments);
        return receive(streams);
    }

    /** Receives a command's output, and gives it input, until its result has come. */
    private int receive(CommandStreams streams) throws IOException {
        PromptWatch prompt = new PromptWatch();
        while (true) {
            Frame frame = server.readFrame();
            if (frame.channel() == null) { // an optional channel of a newer server
                server.copyData(frame, OutputStream.nullOutputStream());
                continue;
            }
            switch (frame.channel()) {
                case OUTPUT -> {
                    server.copyData(frame, streams.output());
                    prompt.output();
                }
                case ERROR -> server.copyData(frame, prompt.error(streams.error()));
                case INPUT -> answer(streams.read(frame.size()));
                case LINE -> {
                    byte[] line =
                            prompt.isForPassword()
                                    ? streams.readPassword(frame.size())
                                    : streams.readLine(frame.size());
                    prompt.answered(line);
                    answer(line);
                }
                case RESULT -> {
                    return server.readResult(frame);
                }
                case MESSAGE -> show(server.readMessage(frame, hello), prompt, streams);
                // only for users whose configuration asks for it
                case DEBUG -> server.copyData(frame, OutputStream.nullOutputStream());
            }
        }
    }

    /**
     * With ui.message-output=channel plain hg, which has no such channel, writes all messages to
     * stderr (ui.py, {@code _selectmsgdests}).
     */
    private static void show(Message message, PromptWatch prompt, CommandStreams streams)
            throws IOException {
        if (message.data().length > 0) { // a progress message has no data
            streams.error().write(message.data());
            streams.error().flush();
            prompt.message(message);
        }
    }

    private void answer(byte[] input) throws IOException {
        server.writeInput(input, input.length);
    }

    /**
     * Sends a signal to the worker's process group, as a terminal would to a command: SIGINT aborts
     * the running command and leaves the connection usable. May be called from any thread.
     *
     * <p>If the worker belongs to another user, hg-cmdserver sends the signal, if it is SIGINT,
     * SIGQUIT, SIGTERM or SIGHUP: this method asks for that over another connection, and waits
     * until a worker takes it.
     *
     * @throws IOException if the worker has gone, if it belongs to another user and its server does
     *     not send signals, or if what the hello names is not a worker of this server's
     */
    public void signal(Signal signal) throws IOException {
        checkWorker();
        try {
            Child.signalGroup(hello.pgid(), signal.number());
        } catch (PosixException e) {
            if (e.errno() != Errno.EPERM || hello.cancelKey().isEmpty()) {
                throw e;
            }
            requestCancel(signal);
        }
    }

    /**
     * A false server could name any process, and have this client, if it is root's, end it. So the
     * worker leads its group (unixforkingservice in commandserver.py), and is a process of the user
     * who listens; root's listener, such as systemd, passes its socket on to services of any user.
     */
    private void checkWorker() throws IOException {
        int worker = hello.pid();
        if (worker <= 1 || hello.pgid() != worker) {
            throw new ProtocolException(
                    "the server's hello does not name a process group that its worker leads");
        }
        Path process = Path.of("/proc/" + worker);
        if (listener.uid() != 0 && Files.isDirectory(process)) { // as it is on Linux
            long owner = Integer.toUnsignedLong((Integer) Files.getAttribute(process, "unix:uid"));
            if (owner != listener.uid()) {
                throw new ProtocolException(
                        "the server of uid %d names process %d of uid %d as its worker; not signalled"
                                .formatted(listener.uid(), worker, owner));
            }
        }
    }

    /** See src/main/python/hgcmdserver/cancel.py. */
    private void requestCancel(Signal signal) throws IOException {
        List<String> request =
                List.of(
                        signal.name().substring("SIG".length()),
                        String.valueOf(hello.pid()),
                        hello.cancelKey());
        try (CommandClient other = connect(address, trust)) {
            other.server.writeRequest("cancel", hello.encode(request));
            ByteArrayOutputStream reason = new ByteArrayOutputStream();
            CommandStreams streams = CommandStreams.to(OutputStream.nullOutputStream(), reason);
            if (other.receive(streams) != 0) {
                throw new IOException("cannot interrupt the command: " + reason.toString().strip());
            }
        }
    }

    /** Ends the connection, and with it the worker. */
    @Override
    public void close() {
        if (socket.fd() >= 0) {
            UnixSocket.shutDown(socket.fd()); // also ends a read of another thread
        }
        socket.close();
    }
}
