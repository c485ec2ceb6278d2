package org.hgcmdserver.worker.spawn;

import java.io.IOException;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.HelloWatch;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;

/** Starts one program per connection, with the connection as its descriptors 0 and 1. */
public final class SpawnSource implements WorkerSource {

    private final WorkerTable table;
    private final HelloWatch hello;

    public SpawnSource(EventLoop loop, WorkerTable table, HelloWatch hello) {
        this.table = table;
        this.hello = hello;
    }

    @Override
    public void serve(Connection connection, CommandServer server) {
        hello.start(connection, () -> spawn(connection, server));
    }

    /**
     * Starts the program.
     *
     * @throws IOException if it cannot be started, with the reason; the connection is the caller's
     */
    public Worker spawn(Connection connection, CommandServer server) throws IOException {
        int fd = connection.fd();
        int pid = Child.spawn(server.program(), server.arguments(), server.environment(), fd, fd);
        return table.add(pid, connection);
    }

    @Override
    public int waiting() {
        return 0;
    }

    @Override
    public void drain() {
        // no worker is ever without a connection
    }
}
