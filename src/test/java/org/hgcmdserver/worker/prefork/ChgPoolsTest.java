package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.SocketEnd;
import org.hgcmdserver.posix.SocketPair;
import org.hgcmdserver.posix.VariableRules;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which environments have a pool, with templates that are not processes. Real ones are ChgIT's. */
class ChgPoolsTest implements PoolFallback, WorkerTable.Listener {

    private static final int MAX = 2;
    private static final long MAX_MEMORY = 1000;

    private final List<TemplateInTest> templates = new ArrayList<>();
    private final List<Boolean> preloads = new ArrayList<>();
    private final List<SocketPair> connections = new ArrayList<>();
    private ManualLoop manual;
    private int busyConnections;
    private long usualMemory;
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
                MAX_MEMORY,
                () -> usualMemory,
                () -> busyConnections,
                (environment, preload) -> {
                    preloads.add(preload);
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

    private static final Environment EMPTY =
            new VariableRules(List.of()).select(Environment.inherited()).orElseThrow();

    private static Optional<Environment> relevant(Environment client) {
        return ChgClient.of(client).map(ChgClient::relevant);
    }

    private static ChgClient environment(String zone) {
        return ChgClient.of(EMPTY.with("TZ", zone)).orElseThrow();
    }

    /** The pool for an environment that comes for the second time; its template is ready. */
    private Pool twice(String zone) throws IOException {
        int before = templates.size();
        pools.poolFor(environment(zone));
        pools.poolFor(environment(zone));
        manual.advance(ChgPools.PAUSE);
        if (templates.size() > before) {
            templates.get(before).becomeReady();
        }
        return pools.poolFor(environment(zone));
    }

    private Connection connection() throws IOException {
        SocketPair ends = SocketPair.open();
        connections.add(ends);
        return new Connection(ends.there().fd(), new Peer(1, 0, 0));
    }

    @Test
    void secondConnectionOpensAPool() throws Exception {
        assertThat(pools.poolFor(environment("A"))).isNull();
        manual.advance(ChgPools.PAUSE);
        assertThat(pools.all()).isEmpty();
        assertThat(pools.poolFor(environment("A"))).isNull();
        manual.advance(ChgPools.PAUSE);
        assertThat(pools.poolFor(environment("A"))).isNotNull();
        assertThat(templates).hasSize(1);
    }

    /** A start beside them would make them slower. */
    @Test
    void poolOpensWhenNoConnectionIsServed() throws Exception {
        busyConnections = 1;
        pools.poolFor(environment("A"));
        pools.poolFor(environment("A"));
        manual.advance(ChgPools.PAUSE.multipliedBy(3));
        assertThat(templates).isEmpty();
        busyConnections = 0;
        manual.advance(ChgPools.PAUSE);
        assertThat(templates).hasSize(1);
    }

    /** Else its template would hold up the stop. */
    @Test
    void noPoolOpensDuringADrain() throws Exception {
        pools.poolFor(environment("A"));
        pools.poolFor(environment("A"));
        pools.drain();
        manual.advance(ChgPools.LONGEST_WAIT);
        assertThat(twice("B")).isNull();
        assertThat(templates).isEmpty();
    }

    @Test
    void poolOpensAfterSomeTimeInAnyCase() throws Exception {
        busyConnections = 1;
        pools.poolFor(environment("A"));
        pools.poolFor(environment("A"));
        manual.advance(ChgPools.LONGEST_WAIT.minus(ChgPools.PAUSE));
        assertThat(templates).isEmpty();
        manual.advance(ChgPools.PAUSE);
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
    void leastRecentlyUsedPoolGoes() throws Exception {
        Pool first = twice("A");
        twice("B");
        manual.advance(Duration.ofSeconds(1));
        pools.poolFor(environment("A"));
        manual.advance(ChgPools.IN_USE);
        Pool third = twice("C");
        assertThat(pools.all()).containsExactly(first, third);
        assertThat(templates)
                .extracting(TemplateInTest::isClosed)
                .containsExactly(false, true, false);
    }

    @Test
    void anotherPoolNeedsAsMuchMemoryAsTheLargest() throws Exception {
        twice("A");
        templates.get(0).memory = MAX_MEMORY / 2 + 1;
        assertThat(twice("B")).as("while A was just used").isNull();
        manual.advance(ChgPools.IN_USE);
        Pool second = twice("B");
        assertThat(pools.all()).containsExactly(second);
        templates.get(1).memory = MAX_MEMORY / 2;
        assertThat(twice("C")).isNotNull();
        assertThat(templates.get(1).isClosed()).isFalse();
    }

    @Test
    void firstPoolNeedsTheUsualMemory() throws Exception {
        usualMemory = MAX_MEMORY + 1;
        assertThat(twice("A")).isNull();
        usualMemory--;
        assertThat(twice("A")).isNotNull();
    }

    @Test
    void connectionsWhileAnotherPoolIsToOpenAreNotForgotten() throws Exception {
        pools.poolFor(environment("B"));
        pools.poolFor(environment("A"));
        pools.poolFor(environment("A"));
        pools.poolFor(environment("B"));
        manual.advance(ChgPools.PAUSE);
        assertThat(templates).hasSize(1);
        templates.get(0).becomeReady();
        pools.poolFor(environment("B"));
        manual.advance(ChgPools.PAUSE);
        assertThat(templates).as("the second connection of B that could open a pool").hasSize(2);
    }

    @Test
    void poolsThatHaveGrownAreClosed() throws Exception {
        twice("A");
        Pool second = twice("B");
        manual.advance(Duration.ofSeconds(1));
        pools.poolFor(environment("B"));
        templates.forEach(template -> template.memory = MAX_MEMORY / 2);
        manual.advance(ChgPools.MEMORY_CHECK.multipliedBy(2));
        assertThat(pools.all()).hasSize(2);
        templates.get(1).memory++;
        manual.advance(ChgPools.MEMORY_CHECK);
        assertThat(pools.all()).containsExactly(second);
    }

    /** Else clients of many environments in turn would start templates that serve nobody. */
    @Test
    void poolThatWasJustUsedStays() throws Exception {
        twice("A");
        twice("B");
        assertThat(twice("C")).isNull();
        assertThat(templates).hasSize(MAX);
        manual.advance(ChgPools.IN_USE);
        assertThat(twice("C")).isNotNull();
    }

    @Test
    void oneTemplateStartsAtATime() throws Exception {
        pools.poolFor(environment("A"));
        pools.poolFor(environment("A"));
        manual.advance(ChgPools.PAUSE);
        assertThat(twice("B")).isNull();
        templates.get(0).becomeReady();
        assertThat(twice("B")).isNotNull();
    }

    @Test
    void poolWithABusyWorkerStaysUntilTheWorkerEnds() throws Exception {
        Pool busy = twice("A");
        announce(templates.get(0).asked.get(0));
        busy.serve(connection());
        templates.get(0).asked.get(0).read();
        assertThat(assigned).hasSize(1);
        twice("B");
        manual.advance(ChgPools.IN_USE);
        twice("C");
        assertThat(templates)
                .extracting(TemplateInTest::isClosed)
                .containsExactly(false, true, false);
        busy.workerExited(assigned.get(0));
        manual.advance(ChgPools.IN_USE);
        twice("D");
        assertThat(templates.get(0).isClosed()).isTrue();
    }

    private void announce(SocketEnd worker) throws IOException {
        say(worker, "pid 99000000");
    }

    private void say(SocketEnd worker, String message) throws IOException {
        worker.write("\0\0\0" + (char) message.length() + message);
        manual.run();
    }

    /** Its waiting connections are served, and it starts no more templates. */
    @Test
    void poolThatEndsGivesItsConnectionsToTheFallback() throws Exception {
        Pool pool = twice("A");
        Connection waiting = connection();
        pool.serve(waiting);
        assertThat(served).isEmpty();
        pool.close();
        assertThat(served).containsExactly(waiting);
        templates.get(0).die("killed");
        manual.advance(Duration.ofMinutes(5));
        assertThat(templates).hasSize(1);
    }

    @Test
    void unusedPoolIsClosed() throws Exception {
        Pool used = twice("A");
        twice("B");
        manual.advance(ChgPools.UNUSED.minusMinutes(1));
        for (int i = 0; i < 2; i++) { // the look at them may come just before an hour
            pools.poolFor(environment("A"));
            manual.advance(ChgPools.UNUSED.dividedBy(2).plusMinutes(1));
        }
        assertThat(pools.all()).containsExactly(used);
        assertThat(templates.get(1).isClosed()).isTrue();
    }

    @Test
    void withoutRoomForAnotherTemplateThereIsNoPool() throws Exception {
        pools = pools(0);
        assertThat(twice("A")).isNull();
        assertThat(twice("A")).isNull();
        assertThat(templates).isEmpty();
    }

    @Test
    void manyTemplatesAreAllowed() throws Exception {
        pools = pools(Integer.MAX_VALUE);
        assertThat(twice("A")).isNotNull();
    }

    @Test
    void keyHasWhatMercurialReadsFirst() {
        Environment first = EMPTY.with("LANG", "C").with("HOME", "/h");
        Environment other = EMPTY.with("HOME", "/h").with("PWD", "/").with("LANG", "C");
        assertThat(relevant(first)).isPresent().isEqualTo(relevant(other));
        assertThat(relevant(first.with("LC_ALL", "C"))).isNotEqualTo(relevant(first));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PYTHONPATH=/a:",
                "PYTHONPATH=b",
                "HOME=h",
                "LD_LIBRARY_PATH=:",
                "HOME=",
                "PYTHONWARNINGS=default",
                "HGEMITWARNINGS=1",
                "LD_PRELOAD=/lib/x.so",
                "OPENSSL_CONF=/x"
            })
    void clientsWhoseProcessWouldStartDifferentlyHaveNoKey(String variable) {
        String[] sides = variable.split("=", 2);
        assertThat(relevant(EMPTY.with(sides[0], sides[1]))).isEmpty();
        assertThat(relevant(EMPTY.with("PYTHONPATH", "/a:/b"))).isPresent();
        assertThat(relevant(EMPTY.with("LD_LIBRARY_PATH", ""))).as("ignored").isPresent();
    }

    /** Workers that have a connection. */
    private final List<Worker> assigned = new ArrayList<>();

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
    public void workerAssigned(Worker worker) {
        assigned.add(worker);
    }

    @Override
    public void workerExited(Worker worker, Exit exit) {}

    private Pool pool(Environment environment, String... arguments) {
        return pools.poolFor(ChgClient.of(environment, () -> List.of(arguments)).orElseThrow());
    }

    /** The pool whose template has loaded a configuration that depends on A, and on [x]. */
    private Pool preloading() throws IOException {
        Pool pool = twice("A");
        templates.get(0).preloaded =
                new Preloaded(EMPTY.with("TZ", "A").with("A", "1"), List.of("A"), List.of("x"));
        return pool;
    }

    @Test
    void configurationIsForClientsWithTheSameVariables() throws Exception {
        Pool pool = preloading();
        Environment client = EMPTY.with("TZ", "A").with("A", "1");
        assertThat(pool(client.with("B", "2"))).isSameAs(pool);
        assertThat(pool(client.with("A", "2"))).isNull();
        assertThat(pool(client.with("A", "2"))).isNull();
        manual.advance(ChgPools.PAUSE);
        assertThat(preloads).containsExactly(true, true);
        templates.get(1).becomeReady();
        templates.get(1).preloaded =
                new Preloaded(client.with("A", "2"), List.of("A"), List.of("x"));
        Pool other = pool(client.with("A", "2"));
        assertThat(other).isNotNull().isNotSameAs(pool);
        assertThat(pool(client)).isSameAs(pool);
    }

    /** Also one that has none of the variables, where the first pool's clients have some. */
    @Test
    void clientWithoutTheVariablesGetsAPoolOfItsOwn() throws Exception {
        Pool pool = preloading();
        Environment client = EMPTY.with("TZ", "A");
        assertThat(pool(client)).isNull();
        assertThat(pool(client)).isNull();
        manual.advance(ChgPools.PAUSE);
        assertThat(preloads).containsExactly(true, true);
        templates.get(1).becomeReady();
        templates.get(1).preloaded = new Preloaded(client, List.of("A"), List.of());
        assertThat(pool(client)).isNotNull().isNotSameAs(pool);
    }

    @Test
    void clientsThatNeedAnotherConfigurationGetAPoolWithout() throws Exception {
        Pool pool = preloading();
        Environment client = EMPTY.with("TZ", "A").with("A", "1");
        assertThat(pool(client, "chg", "--config", "y.z=1")).isSameAs(pool);
        assertThat(pool(client, "chg", "log", "--config", "x.z=1")).isNull();
        assertThat(pool(client, "chg", "log", "--config=x.z=1")).isNull();
        manual.advance(ChgPools.PAUSE);
        assertThat(preloads).containsExactly(true, false);
        templates.get(1).becomeReady();
        Pool without = pool(client, "chg", "log", "--config=x.z=1");
        assertThat(without).isNotNull().isNotSameAs(pool);
        templates.get(0).preloaded.exclude("/a");
        assertThat(pool(client.with("PWD", "/a"))).isSameAs(without);
        assertThat(pool(client.with("PWD", "/b"))).isSameAs(pool);
        for (int i = 1; i < Preloaded.FIRST_EXCLUSION; i++) {
            assertThat(pool(client.with("PWD", "/a"))).isSameAs(without);
        }
        assertThat(pool(client.with("PWD", "/a"))).as("asked again").isSameAs(pool);
    }

    private static int excluded(Preloaded preloaded, ChgClient client) {
        int clients = 0;
        while (preloaded.isOverriddenBy(client)) {
            clients++;
        }
        return clients;
    }

    @Test
    void directoryIsExcludedForLongerEachTime() {
        Preloaded preloaded = new Preloaded(EMPTY, List.of(), List.of());
        ChgClient client = ChgClient.of(EMPTY.with("PWD", "/a")).orElseThrow();
        for (int n = Preloaded.FIRST_EXCLUSION; n < Preloaded.LONGEST_EXCLUSION; n *= 2) {
            preloaded.exclude("/a");
            assertThat(excluded(preloaded, client)).isEqualTo(n);
        }
        preloaded.exclude("/a");
        preloaded.exclude("/a");
        assertThat(excluded(preloaded, client)).isEqualTo(Preloaded.LONGEST_EXCLUSION);
    }

    @Test
    void directoryWhoseClientsFitMeanwhileIsExcludedBriefly() {
        Preloaded preloaded = new Preloaded(EMPTY, List.of(), List.of());
        ChgClient client = ChgClient.of(EMPTY.with("PWD", "/a")).orElseThrow();
        for (int times = 0; times < 3; times++) {
            preloaded.exclude("/a");
            assertThat(excluded(preloaded, client)).isEqualTo(Preloaded.FIRST_EXCLUSION);
            for (int i = 0; i < Preloaded.FIRST_EXCLUSION; i++) {
                assertThat(preloaded.isOverriddenBy(client)).isFalse();
            }
        }
    }

    @Test
    void templateSaysNamesAndSections() {
        byte[] said = "A\0B\0\0x\0".getBytes(StandardCharsets.ISO_8859_1);
        Environment template = EMPTY.with("A", "1").with("C", "3");
        Preloaded preloaded = Preloaded.parse(template, said);
        assertThat(preloaded.isFor(EMPTY.with("A", "1"))).isTrue();
        assertThat(preloaded.isFor(EMPTY.with("A", "1").with("B", "2"))).isFalse();
        ChgClient sets =
                ChgClient.of(EMPTY, () -> List.of("chg", "--config", "x.y=1")).orElseThrow();
        assertThat(preloaded.isOverriddenBy(sets)).isTrue();
    }

    /** A template for each value would end those of other environments. */
    @Test
    void variableThatDiffersForEachShellTakesFewPools() throws Exception {
        pools = pools(MAX + ChgPools.MAX_PRELOADED);
        preloading();
        Environment client = EMPTY.with("TZ", "A");
        for (int i = 2; i <= ChgPools.MAX_PRELOADED + 2; i++) {
            Environment shell = client.with("A", String.valueOf(i));
            pool(shell);
            pool(shell);
            manual.advance(ChgPools.PAUSE);
            if (templates.size() == i) {
                templates.get(i - 1).becomeReady();
                templates.get(i - 1).preloaded = new Preloaded(shell, List.of("A"), List.of());
            }
        }
        assertThat(preloads).containsExactly(true, true, true, false);
        assertThat(pool(client.with("A", "7"))).isNotNull().isSameAs(pool(client.with("A", "8")));
    }
}
