package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.SocketPair;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which environments have a pool, with templates that are not processes. Real ones are ChgIT's. */
class ChgPoolsTest implements Pool.Fallback, WorkerTable.Listener {

    private static final int MAX = 2;

    private final List<TemplateInTest> templates = new ArrayList<>();
    private final List<SocketPair> connections = new ArrayList<>();
    private ManualLoop manual;
    private ChgPools pools;

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        pools = pools(MAX);
    }

    @AfterEach
    void end() {
        templates.forEach(template -> template.asked.forEach(each -> each.close()));
        connections.forEach(SocketPair::close);
        manual.close();
    }

    private ChgPools pools(int max) throws IOException {
        Children children = new Children(manual.loop());
        WorkerTable table = new WorkerTable(manual.loop(), children, this);
        return new ChgPools(
                manual.loop(),
                max,
                environment -> {
                    PoolSize size = new PoolSize(1, 1, manual.loop().nanoTime());
                    Pool pool = new Pool(manual.loop(), children, table, size, this::start, this);
                    pool.open();
                    return pool;
                });
    }

    private Template start(Template.Listener listener) {
        TemplateInTest template = new TemplateInTest(manual.loop(), listener);
        templates.add(template);
        return template;
    }

    private static Environment environment(String zone) {
        return Environment.inherited().with("TZ", zone).only(List.of("TZ"));
    }

    /** The pool for an environment that comes for the second time. */
    private Pool twice(String zone) {
        pools.poolFor(environment(zone));
        return pools.poolFor(environment(zone));
    }

    private Connection connection() throws IOException {
        SocketPair ends = SocketPair.open();
        connections.add(ends);
        return new Connection(ends.there().fd(), new Peer(1, 0, 0));
    }

    @Test
    void secondConnectionOpensAPool() {
        assertThat(pools.poolFor(environment("A"))).isNull();
        Pool pool = pools.poolFor(environment("A"));
        assertThat(pool).isNotNull();
        assertThat(pools.poolFor(environment("A"))).isSameAs(pool);
        assertThat(templates).hasSize(1);
    }

    @Test
    void environmentsThatComeOnceOpenNone() {
        for (int i = 0; i < 50; i++) {
            assertThat(pools.poolFor(environment("Z" + i))).isNull();
        }
        assertThat(templates).isEmpty();
    }

    @Test
    void leastRecentlyUsedPoolGoes() {
        Pool first = twice("A");
        twice("B");
        pools.poolFor(environment("A"));
        Pool third = twice("C");
        assertThat(pools.all()).containsExactly(first, third);
        assertThat(templates)
                .extracting(TemplateInTest::isClosed)
                .containsExactly(false, true, false);
    }

    @Test
    void poolWithAConnectionStays() throws Exception {
        Pool inUse = twice("A");
        templates.get(0).becomeReady();
        inUse.serve(connection());
        twice("B");
        twice("C");
        assertThat(templates)
                .extracting(TemplateInTest::isClosed)
                .containsExactly(false, true, false);
    }

    /** Its waiting connections are served, and it starts no more templates. */
    @Test
    void poolThatGoesGivesItsConnectionsToTheFallback() throws Exception {
        pools = pools(1);
        Pool pool = twice("A");
        templates.get(0).becomeReady();
        Connection waiting = connection();
        pool.serve(waiting);
        assertThat(served).isEmpty();
        twice("B");
        assertThat(served).containsExactly(waiting);
        templates.get(0).die("killed");
        manual.advance(Duration.ofMinutes(5));
        assertThat(templates).hasSize(2);
    }

    @Test
    void unusedPoolIsClosed() throws Exception {
        Pool used = twice("A");
        twice("B");
        manual.advance(ChgPools.UNUSED.minusMinutes(1));
        pools.poolFor(environment("A"));
        manual.advance(ChgPools.UNUSED.dividedBy(2));
        assertThat(pools.all()).containsExactly(used);
        assertThat(templates.get(1).isClosed()).isTrue();
    }

    @Test
    void withoutRoomForAnotherTemplateThereIsNoPool() throws Exception {
        pools = pools(0);
        assertThat(twice("A")).isNull();
        assertThat(templates).isEmpty();
    }

    private final List<Connection> served = new ArrayList<>();

    @Override
    public void serveWithoutPool(Connection connection) {
        served.add(connection);
    }

    @Override
    public List<Connection> reclaim() {
        return List.of();
    }

    @Override
    public void templateFailed() {}

    @Override
    public void workerAssigned(Worker worker) {}

    @Override
    public void workerExited(Worker worker, Exit exit) {}
}
