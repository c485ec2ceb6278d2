package org.hgcmdserver.worker.spawn;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.Shortage;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts one program per connection, with the connection as the program's descriptors 0 and 1.
 * Connections wait, in the order of their arrival, while the system is short of resources for a
 * process, and while as many programs are starting as there are processors: more programs would not
 * start any faster, and would take time from the clients that have a worker already.
 */
public final class SpawnSource implements WorkerSource {

    private static final Logger log = LoggerFactory.getLogger(SpawnSource.class);

    private static final int MAX_STARTING = Math.max(2, Runtime.getRuntime().availableProcessors());

    /** After this time a program that has not said hello no longer delays other connections. */
    private static final Duration LONGEST_START = Duration.ofSeconds(1);

    /** How often the source checks whether the starting programs have said hello. */
    private static final Duration LOOK = Duration.ofMillis(10);

    /**
     * @param forNow see {@link #serveUntilTemplateReady}
     */
    private record Waiting(Connection connection, CommandServer server, boolean forNow) {}

    private final EventLoop loop;
    private final WorkerTable table;
    private final Owner owner;
    private final Shortage shortage;
    private final Queue<Waiting> queue = new ArrayDeque<>();
    private final List<Worker> starting = new ArrayList<>();
    private final EventLoop.Timer look;

    public SpawnSource(EventLoop loop, WorkerTable table, Owner owner) {
        this.loop = loop;
        this.table = table;
        this.owner = owner;
        look = loop.timer(this::look);
        shortage = new Shortage(loop, "start worker processes", this::startWaiting);
    }

    @Override
    public void serve(Connection connection, CommandServer server) {
        add(new Waiting(connection, server, false));
    }

    /** Serves a connection unless {@link #reclaim} takes it back while it waits. */
    public void serveUntilTemplateReady(Connection connection, CommandServer server) {
        add(new Waiting(connection, server, true));
    }

    private void add(Waiting last) {
        queue.add(last);
        if (!shortage.isPresent()) {
            startWaiting();
        }
    }

    /**
     * Hands the waiting connections of {@link #serveUntilTemplateReady} over to the caller, in
     * their order.
     */
    public List<Connection> reclaim() {
        List<Connection> reclaimed =
                queue.stream().filter(Waiting::forNow).map(Waiting::connection).toList();
        queue.removeIf(Waiting::forNow);
        if (queue.isEmpty()) {
            shortage.over();
        }
        return reclaimed;
    }

    @Override
    public void workerExited(Worker worker) {
        startWaiting();
    }

    private void startWaiting() {
        while (!queue.isEmpty() && mayStart()) {
            Waiting first = queue.element();
            try {
                Worker worker = spawn(first);
                shortage.over();
                if (first.server.saysHello()) {
                    starting.add(worker);
                }
            } catch (IOException e) {
                if (Shortage.isCauseOf(e)) {
                    shortage.noticed(e.getMessage());
                    return;
                }
                shortage.over();
                log.warn("no worker for {}: {}", first.connection.peer(), e.getMessage());
                owner.refuse(first.connection, e.getMessage());
            }
            queue.remove();
        }
    }

    /** Whether another program may start now; if not, the source checks again in a while. */
    private boolean mayStart() {
        starting.removeIf(this::hasStarted);
        if (starting.size() < MAX_STARTING) {
            return true;
        }
        look.startIfStopped(LOOK);
        return false;
    }

    private void look() throws IOException {
        owner.noticeHellos();
        if (!shortage.isPresent()) {
            startWaiting();
        }
    }

    private boolean hasStarted(Worker worker) {
        return worker.state() != Worker.State.STARTING
                || loop.since(worker.since()).compareTo(LONGEST_START) > 0;
    }

    private Worker spawn(Waiting waiting) throws IOException {
        int fd = waiting.connection.fd();
        CommandServer server = waiting.server;
        if (!server.servesChg() && waiting.connection.peer().isChg()) {
            throw new IOException(
                    server.program()
                            + " cannot serve chg; start hg itself, or hg-cmdserver run --no-chg");
        }
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
