package org.hgcmdserver.worker.spawn;

import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.HelloWatch;
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
        int fd = connection.fd();
        hello.start(
                connection,
                () ->
                        table.add(
                                Child.spawn(
                                        server.program(),
                                        server.arguments(),
                                        server.environment(),
                                        fd,
                                        fd),
                                connection.peer()));
    }

    @Override
    public void drain() {
        // no worker is ever without a connection
    }
}
