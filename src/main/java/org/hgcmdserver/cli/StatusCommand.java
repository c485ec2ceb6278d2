package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.cli.ServerOptions.NoServerException;
import org.hgcmdserver.client.CommandClient;
import org.hgcmdserver.posix.Ticker;
import org.hgcmdserver.posix.Users;

/** {@code hg-cmdserver status}: whether a server answers at the socket. */
final class StatusCommand {

    static final String DESCRIPTION =
            "Connects to a server, and prints who listens at the socket and which worker has answered. The connection"
                    + " starts a service that its socket activates.";

    private final ServerOptions server = new ServerOptions();

    List<Option<?>> options() {
        return server.options();
    }

    /** Waits as any client does: until a worker is free. */
    int call() throws IOException, ConfigException {
        Path socket = server.socket();
        long before = Ticker.SYSTEM.nanoTime();
        try (CommandClient client = server.connect(socket)) {
            Duration took = Duration.ofNanos(Ticker.SYSTEM.nanoTime() - before);
            System.out.printf("socket: %s%n", socket);
            printListener(client.listener());
            System.out.printf("worker: process %d%n", client.worker());
            System.out.printf("answered after: %d ms%n", took.toMillis());
            return ExitStatus.OK;
        } catch (NoServerException e) {
            Main.print(e.getMessage());
            return ExitStatus.NOT_RUNNING;
        }
    }

    private static void printListener(CommandClient.Listener listener) {
        if (listener.uid() >= 0) { // else the rest says enough
            System.out.printf(
                    "listening: process %d of %s%n", listener.pid(), Users.name(listener.uid()));
        }
    }
}
