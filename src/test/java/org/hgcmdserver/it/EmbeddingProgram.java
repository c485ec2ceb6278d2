package org.hgcmdserver.it;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.host.SystemdNotifier;
import org.hgcmdserver.listener.BoundListener;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.reload.Handover;
import org.hgcmdserver.reload.Successor;
import org.hgcmdserver.service.ForkingService;
import org.hgcmdserver.service.ServiceConfig;
import org.hgcmdserver.service.ServiceHandler;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.spawn.SpawnSource;

/**
 * A program that embeds the service with a handler of its own, which reports each call on stdout.
 * The program is a process of its own, since the service waits for all children of its process. The
 * program's time moves only at the line "tick" on stdin; "stop" stops the service.
 */
public final class EmbeddingProgram implements ServiceHandler {

    /** The program of a worker. */
    private static final String WORKER =
            System.getenv().getOrDefault("EMBEDDING_WORKER", "echo served");

    private static volatile boolean stopInTheCheck;

    private static ForkingService service;

    private int asked;

    public static void main(String[] arguments) throws IOException {
        AtomicLong ahead = new AtomicLong(); // ahead of the system's clock
        service =
                ForkingService.open(
                        Path.of(arguments[0]),
                        new EmbeddingProgram(),
                        new ServiceConfig(
                                Duration.ofMinutes(1),
                                Integer.MAX_VALUE,
                                ServiceConfig.Limits.NONE,
                                ServiceConfig.Ending.WHEN_ALL_HAVE_LEFT,
                                List.of()),
                        (loop, children, table, owner) -> new SpawnSource(loop, table, owner),
                        SystemdNotifier.fromEnvironment(
                                Environment.inherited().getBytes("NOTIFY_SOCKET"),
                                System.getenv(),
                                System::nanoTime),
                        () -> System.nanoTime() + ahead.get());
        Thread stdin = new Thread(() -> obey(ahead));
        stdin.setDaemon(true);
        stdin.start();
        service.init();
        say("outcome " + service.run());
    }

    private static void obey(AtomicLong ahead) {
        Semaphore unblocked = new Semaphore(0);
        Scanner lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            switch (lines.nextLine()) {
                case "tick" -> {
                    ahead.addAndGet(Duration.ofMinutes(1).toNanos());
                    service.loop().post(() -> {});
                }
                case "block" ->
                        service.loop()
                                .post(
                                        () -> {
                                            say("blocked");
                                            unblocked.acquireUninterruptibly();
                                        });
                case "unblock" -> unblocked.release();
                case "reload" -> service.reload();
                case "stop in the check" -> stopInTheCheck = true;
                case "finish" -> service.finish();
                default -> service.stop();
            }
        }
    }

    /** Runs the program on the socket "server.sock" in the directory. */
    static Process start(Path directory, Consumer<Map<String, String>> environment)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EmbeddingProgram.class.getName(),
                        directory.resolve("server.sock").toString());
        environment.accept(builder.environment());
        return builder.redirectError(directory.resolve("log").toFile()).start();
    }

    private static void say(String what) {
        System.out.println(what);
        System.out.flush();
    }

    @Override
    public Listener bindSocket(Path address) throws IOException {
        say("bindSocket " + address);
        return BoundListener.bind(address, 0600);
    }

    @Override
    public void unlinkSocket(Listener listener) throws IOException {
        say("unlinkSocket " + listener.address());
        listener.unlink();
    }

    @Override
    public void printBanner(String address) {
        say("printBanner " + address);
    }

    @Override
    public boolean shouldExit() {
        say("shouldExit");
        return ++asked == 3;
    }

    @Override
    public void newConnection(Peer peer) {
        say("newConnection from pid " + peer.pid() + " in " + ProcessHandle.current().pid());
    }

    @Override
    public void connectionEnded(Peer peer) {
        if (!WORKER.startsWith("echo")) {
            say("connectionEnded");
        }
    }

    @Override
    public Successor successor() {
        return new Successor() {
            @Override
            public void check(EventLoop loop, Children children, Consumer<String> result) {
                say("check");
                loop.post(
                        () -> {
                            if (stopInTheCheck) {
                                service.stop();
                            }
                            result.accept(null);
                        });
            }

            @Override
            public void replace(Handover handover) throws IOException {
                say("replace " + handover.workers().size());
                throw new IOException("not today");
            }
        };
    }

    @Override
    public CommandServer createCmdServer(Peer peer) {
        say("createCmdServer");
        if (asked == 2) {
            throw new IllegalStateException("no server for you");
        }
        return new CommandServer(
                "/bin/sh", List.of("sh", "-c", WORKER), Environment.inherited(), false, false);
    }
}
