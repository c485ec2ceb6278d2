package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.hgcmdserver.worker.spawn.SpawnSource;

/**
 * Gives the connections of one command server to a pool of workers that a warm template has forked
 * ahead, and those of chg to a pool for the client's environment, if there is one. Spawned workers
 * serve the connections of every other command server, and the connections that the pool cannot
 * serve.
 */
public final class PreforkSource implements WorkerSource, PoolFallback {

    private final EventLoop loop;
    private final Children children;
    private final SpawnSource spawn;
    private final TemplateProgram program;
    private final CommandServer server;
    private Pool pool;
    private ChgPools chgPools;

    /**
     * How many processes wait.
     *
     * @param minIdle how many workers of a pool wait for a connection in quiet times
     * @param maxIdle how many workers of a pool wait for a connection at most
     * @param maxTemplates how many templates there are at most, the first pool's included
     * @param maxTemplateMemory the bytes that all templates but the first, and their idle workers,
     *     may use
     */
    public record Sizes(int minIdle, int maxIdle, int maxTemplates, long maxTemplateMemory) {}

    /** Makes the factory of a source whose first pool has workers that run {@code server}. */
    public static WorkerSource.Factory factory(
            TemplateProgram program, CommandServer server, Sizes sizes) {
        return (loop, children, table, owner) -> {
            SpawnSource spawn = new SpawnSource(loop, table, owner);
            PreforkSource source = new PreforkSource(loop, children, spawn, program, server);
            source.open(table, sizes);
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

    private void open(WorkerTable table, Sizes sizes) throws IOException {
        Child.becomeSubreaper(); // makes this process the parent of every worker, however forked
        pool = open(table, sizes, this::startTemplate, this);
        chgPools =
                new ChgPools(
                        loop,
                        Math.max(0, sizes.maxTemplates() - 1),
                        sizes.maxTemplateMemory(),
                        pool::memory,
                        table::busy,
                        (environment, preload) ->
                                open(
                                        table,
                                        sizes,
                                        new ChgTemplate(environment, preload),
                                        new ByFirstPool()));
    }

    private Pool open(
            WorkerTable table, Sizes sizes, TemplateKeeper.Starter starter, PoolFallback fallback) {
        PoolSize size = new PoolSize(sizes.minIdle(), sizes.maxIdle(), loop.nanoTime());
        Pool opened = new Pool(loop, children, table, size, starter, fallback);
        opened.open();
        return opened;
    }

    private Template startTemplate(Template.Listener listener) throws IOException {
        return TemplateProcess.start(
                loop, children, program::templateArguments, server.environment(), listener);
    }

    /** Starts the templates of a pool for chg. */
    private final class ChgTemplate implements TemplateKeeper.Starter {

        private final Environment environment;
        private final boolean preload;

        ChgTemplate(Environment environment, boolean preload) {
            this.environment = environment;
            this.preload = preload;
        }

        @Override
        public Template start(Template.Listener listener) throws IOException {
            return TemplateProcess.start(
                    loop,
                    children,
                    warmUp -> program.chgTemplateArguments(warmUp, preload, ChgClient.RULES),
                    environment,
                    listener);
        }

        @Override
        public String purpose() {
            return " for chg";
        }
    }

    /** Serves the connections that a pool for chg cannot serve. */
    private final class ByFirstPool implements PoolFallback {
        @Override
        public void serveWithoutPool(Connection connection) {
            pool.serve(connection);
        }

        @Override
        public List<Connection> reclaim() {
            return List.of(); // the first pool does it
        }

        @Override
        public void templateFailed() {
            // the first pool's workers have a proof of their own
        }
    }

    @Override
    public void serve(Connection connection, CommandServer wanted) {
        if (wanted.equals(server)) {
            poolFor(connection.peer()).serve(connection);
        } else {
            spawn.serve(connection, wanted);
        }
    }

    private Pool poolFor(Peer client) {
        if (!client.isOwnChg()) {
            return pool;
        }
        try {
            return ChgClient.ofProcess(client.pid()).map(chgPools::poolFor).orElse(pool);
        } catch (IOException e) { // the client has gone
            return pool;
        }
    }

    @Override
    public void adopt(Worker worker, OwnedDescriptor line) throws IOException {
        AdoptedLine.open(loop, worker, line);
    }

    @Override
    public int waiting() {
        int chg = chgPools.all().stream().mapToInt(Pool::waiting).sum();
        return pool.waiting() + chg + spawn.waiting();
    }

    @Override
    public void handOver() {
        WarmUpDirectory.deleteAll();
    }

    @Override
    public int untaken() {
        return pool.untaken() + chgPools.all().stream().mapToInt(Pool::untaken).sum();
    }

    @Override
    public void workerExited(Worker worker) {
        spawn.workerExited(worker);
        if (worker.connection() != null) { // an idle worker's exit shows as the end of its line
            pool.workerExited(worker);
            chgPools.all().forEach(each -> each.workerExited(worker));
        }
    }

    @Override
    public void drain() {
        chgPools.drain(); // first, since they may give connections back
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
