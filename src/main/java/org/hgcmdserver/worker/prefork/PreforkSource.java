package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.hgcmdserver.worker.spawn.SpawnSource;

/**
 * Gives the connections of one command server to a pool of workers that a warm template has forked
 * ahead. Spawned workers serve the connections of every other command server, and the connections
 * that the pool cannot serve.
 */
public final class PreforkSource implements WorkerSource, Pool.Fallback {

    private final EventLoop loop;
    private final Children children;
    private final SpawnSource spawn;
    private final TemplateProgram program;
    private final CommandServer server;
    private Pool pool;

    /**
     * Makes the factory of a source whose pool has workers that run {@code server}.
     *
     * @param minIdle how many workers wait for a connection in quiet times
     * @param maxIdle how many workers wait for a connection at most
     */
    public static WorkerSource.Factory factory(
            TemplateProgram program, CommandServer server, int minIdle, int maxIdle) {
        return (loop, children, table, owner) -> {
            SpawnSource spawn = new SpawnSource(loop, table, owner);
            PreforkSource source = new PreforkSource(loop, children, spawn, program, server);
            source.open(table, new PoolSize(minIdle, maxIdle, loop.nanoTime()));
            return source;
        };
    }

    /** Forked workers are orphans that become this process's children, which only Linux can do. */
    public static boolean isSupported() {
        return Child.canBeSubreaper();
    }

    private PreforkSource(
            EventLoop loop,
            Children children,
            SpawnSource spawn,
            TemplateProgram program,
            CommandServer server) {
        this.loop = loop;
        this.children = children;
        this.spawn = spawn;
        this.program = program;
        this.server = server;
    }

    private void open(WorkerTable table, PoolSize size) throws IOException {
        Child.becomeSubreaper(); // makes this process the parent of every worker, however forked
        pool = new Pool(loop, children, table, size, this::startTemplate, this);
        pool.open();
    }

    private Template startTemplate(Template.Listener listener) throws IOException {
        return TemplateProcess.start(loop, children, program, server.environment(), listener);
    }

    @Override
    public void serve(Connection connection, CommandServer wanted) {
        if (wanted.equals(server)) {
            pool.serve(connection);
        } else {
            spawn.serve(connection, wanted);
        }
    }

    @Override
    public void adopt(Worker worker, OwnedDescriptor line) throws IOException {
        AdoptedLine.open(loop, worker, line);
    }

    @Override
    public int waiting() {
        return pool.waiting() + spawn.waiting();
    }

    @Override
    public void workerExited(Worker worker) {
        spawn.workerExited(worker);
        if (worker.connection() != null) { // an idle worker's exit shows as the end of its line
            pool.workerExited();
        }
    }

    @Override
    public void drain() {
        pool.drain();
    }

    // where the pool has no worker

    @Override
    public void serveWithoutPool(Connection connection) {
        spawn.serveUntilTemplateReady(connection, program.commandServer());
    }

    @Override
    public List<Connection> reclaim() {
        return spawn.reclaim();
    }

    @Override
    public void templateFailed() {
        program.proveStrictServer(loop, children);
    }
}
