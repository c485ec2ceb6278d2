package org.hgcmdserver.worker.spawn;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.HelloWatch;
import org.hgcmdserver.worker.Shortage;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts one program per connection, with the connection as its descriptors 0 and 1. While the
 * system is short of what that takes, connections wait for it in the order in which they came.
 */
public final class SpawnSource implements WorkerSource {

    private static final Logger log = LoggerFactory.getLogger(SpawnSource.class);

    private record Waiting(Connection connection, CommandServer server) {}

    private final WorkerTable table;
    private final HelloWatch hello;
    private final Shortage shortage;
    private final Queue<Waiting> queue = new ArrayDeque<>();

    public SpawnSource(EventLoop loop, WorkerTable table, HelloWatch hello) {
        this.table = table;
        this.hello = hello;
        shortage = new Shortage(loop, "start worker processes", this::startWaiting);
        table.onExit((worker, exit) -> startWaiting());
    }

    @Override
    public void serve(Connection connection, CommandServer server) {
        queue.add(new Waiting(connection, server));
        if (!shortage.isPresent()) {
            startWaiting();
        }
    }

    private void startWaiting() {
        while (!queue.isEmpty()) {
            Waiting first = queue.element();
            try {
                hello.start(first.connection, () -> spawn(first));
                shortage.over();
            } catch (IOException e) {
                if (Shortage.isCauseOf(e)) {
                    shortage.noticed(e.getMessage());
                    return;
                }
                log.warn("no worker for {}: {}", first.connection.peer(), e.getMessage());
                hello.refuse(first.connection, e.getMessage());
            }
            queue.remove();
        }
    }

    private Worker spawn(Waiting waiting) throws IOException {
        int fd = waiting.connection.fd();
        CommandServer server = waiting.server;
        int pid = Child.spawn(server.program(), server.arguments(), server.environment(), fd, fd);
        return table.add(pid, waiting.connection);
    }

    @Override
    public int waiting() {
        return queue.size();
    }

    @Override
    public void drain() {
        // no worker is ever without a connection
    }
}
