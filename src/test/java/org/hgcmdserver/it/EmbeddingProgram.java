package org.hgcmdserver.it;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.atomic.AtomicLong;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.listener.BoundListener;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.service.ForkingService;
import org.hgcmdserver.service.ServiceHandler;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.spawn.SpawnSource;

/**
 * A program that embeds the service with a handler of its own, which reports each call on stdout. A
 * process of its own, since the service waits for all children of its process. Its time stands
 * still but for the line "tick" on stdin; "stop" stops it.
 */
public final class EmbeddingProgram implements ServiceHandler {

    private int asked;

    public static void main(String[] arguments) throws IOException {
        AtomicLong now = new AtomicLong();
        ForkingService service =
                new ForkingService(
                        Path.of(arguments[0]),
                        new EmbeddingProgram(),
                        SpawnSource::new,
                        Notifier.NONE,
                        now::get);
        Thread stdin =
                new Thread(
                        () -> {
                            Scanner lines = new Scanner(System.in);
                            while (lines.hasNextLine()) {
                                switch (lines.nextLine()) {
                                    case "tick" -> {
                                        now.addAndGet(Duration.ofMinutes(1).toNanos());
                                        service.loop().post(() -> {});
                                    }
                                    default -> service.stop();
                                }
                            }
                        });
        stdin.setDaemon(true);
        stdin.start();
        service.init();
        say("outcome " + service.run());
    }

    private static void say(String what) {
        System.out.println(what);
        System.out.flush();
    }

    @Override
    public Duration pollInterval() {
        return Duration.ofMinutes(1);
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
    public CommandServer createCmdServer(Peer peer) {
        say("createCmdServer");
        if (asked == 2) {
            throw new IllegalStateException("no server for you");
        }
        return new CommandServer(
                "/bin/sh", List.of("sh", "-c", "echo served"), Environment.inherited());
    }
}
