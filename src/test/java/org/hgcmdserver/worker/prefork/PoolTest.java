package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.DescriptorOutput;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.SocketEnd;
import org.hgcmdserver.posix.SocketPair;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The pool with templates and workers that are not processes: the test plays them at the other ends
 * of real lines. Real ones are PreforkPoolIT's.
 */
class PoolTest implements PoolFallback, WorkerTable.Listener {

    private static final int MIN_IDLE = 2;
    private static final int MAX_IDLE = 4;

    private static final Duration A_WHILE = Duration.ofMillis(50);

    private ManualLoop manual;
    private Pool pool;
    private final List<TemplateInTest> templates = new ArrayList<>();
    private final List<SocketPair> connections = new ArrayList<>();

    /** Connections that the fallback serves. */
    private final List<Connection> served = new ArrayList<>();

    /** Connections that the fallback has no worker for yet. */
    private final List<Connection> reclaimable = new ArrayList<>();

    /** Connections that have a worker of the pool's, in the order in which they got one. */
    private final List<Connection> assigned = new ArrayList<>();

    private final List<String> refused = new ArrayList<>();

    private int templatesFailed;

    /** More than any system's pid_max, so that no process has it. */
    private int nextPid = 99_000_000;

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        open(MIN_IDLE);
    }

    private void open(int minIdle) {
        Children children = new Children(manual.loop());
        pool =
                new Pool(
                        manual.loop(),
                        children,
                        new WorkerTable(manual.loop(), children, this),
                        new PoolSize(minIdle, MAX_IDLE, manual.loop().nanoTime()),
                        this::startTemplate,
                        this);
        pool.open();
    }

    @AfterEach
    void end() {
        for (TemplateInTest template : templates) {
            template.asked.forEach(SocketEnd::close);
        }
        connections.forEach(SocketPair::close);
        manual.close();
    }

    private Template startTemplate(Template.Listener listener) {
        templates.add(new TemplateInTest(manual.loop(), listener));
        return template();
    }

    private TemplateInTest template() {
        return templates.get(templates.size() - 1);
    }

    /** A pool with its template and {@link #MIN_IDLE} idle workers. */
    private void warm() throws IOException {
        template().becomeReady();
        announceAll();
    }

    /** Every worker that has been asked for announces itself. */
    private void announceAll() throws IOException {
        for (SocketEnd worker : List.copyOf(template().asked)) {
            announce(worker);
        }
    }

    private void announce(SocketEnd worker) throws IOException {
        say(worker, "pid " + nextPid++);
    }

    /** A message of fewer than 128 bytes. */
    private void say(SocketEnd worker, String message) throws IOException {
        worker.write("\0\0\0" + (char) message.length() + message);
        manual.run();
    }

    private Connection connect() throws IOException {
        SocketPair ends = SocketPair.open();
        connections.add(ends);
        Connection connection = new Connection(ends.there().fd(), new Peer(1, 0, 0));
        pool.serve(connection);
        manual.run();
        return connection;
    }

    @Override
    public void serveWithoutPool(Connection connection) {
        served.add(connection);
    }

    @Override
    public List<Connection> reclaim() {
        List<Connection> reclaimed = List.copyOf(reclaimable);
        reclaimable.clear();
        return reclaimed;
    }

    @Override
    public void templateFailed() {
        templatesFailed++;
    }

    @Override
    public void workerAssigned(Worker worker) {
        assigned.add(worker.connection());
    }

    @Override
    public void refuse(Connection connection, String reason) {
        refused.add(reason);
    }

    @Override
    public void workerExited(Worker worker, Exit exit) {}

    @Test
    void fallbackServesUntilTheTemplateIsReady() throws Exception {
        Connection early = connect();
        assertThat(served).containsExactly(early);
        assertThat(pool.waiting()).isZero();
        template().becomeReady();
        assertThat(template().asked).hasSize(MIN_IDLE);
        Connection late = connect();
        assertThat(served).doesNotContain(late);
        assertThat(pool.waiting()).isOne();
    }

    @Test
    void idleWorkerGetsTheConnectionAndIsReplacedAfterAPause() throws Exception {
        warm();
        Connection connection = connect();
        assertThat(assigned).containsExactly(connection);
        assertThat(template().asked.get(1).read()).endsWith("serve");
        assertThat(template().asked).as("while the command runs").hasSize(MIN_IDLE);
        manual.advance(A_WHILE);
        assertThat(template().asked).hasSize(MIN_IDLE + 1);
    }

    @Test
    void workerThatRehearsesComesLast() throws Exception {
        warm();
        SocketEnd rehearsing = template().asked.get(0);
        SocketEnd cold = template().asked.get(1);
        assertThat(rehearsing.read()).endsWith("rehearse");
        connect();
        assertThat(cold.read()).endsWith("serve");
        connect();
        assertThat(rehearsing.read()).endsWith("serve");
    }

    @Test
    void workerThatHasRehearsedComesFirst() throws Exception {
        warm();
        say(template().asked.get(0), "warm"); // and the other one rehearses
        assertThat(template().asked.get(0).read()).endsWith("rehearse");
        connect();
        assertThat(template().asked.get(0).read()).endsWith("serve");
    }

    @Test
    void workerWithoutRehearsalsIsReplacedLater() throws Exception {
        template().reportMissing("rehearsals: no room");
        warm();
        connect();
        manual.advance(A_WHILE);
        assertThat(template().asked).as("a first command takes longer").hasSize(MIN_IDLE);
        manual.advance(PoolSize.PAUSE_WITHOUT_REHEARSALS);
        assertThat(template().asked).hasSize(MIN_IDLE + 1);
    }

    @Test
    void nextTemplateMayRehearse() throws Exception {
        template().reportMissing("rehearsals: no room");
        warm();
        template().die("killed");
        manual.advance(Duration.ofMinutes(1));
        assertThat(templates).hasSize(2);
        template().becomeReady();
        announceAll();
        pool.workerExited(null);
        announceAll();
        int before = template().asked.size();
        connect();
        manual.advance(A_WHILE);
        assertThat(template().asked).hasSize(before + 1);
    }

    @Test
    void exitOfAWorkerIsTheTimeToReplaceIt() throws Exception {
        warm();
        connect();
        pool.workerExited(null);
        assertThat(template().asked).hasSize(MIN_IDLE + 1);
    }

    @Test
    void waitingConnectionsGetWorkersInTheOrderInWhichTheyCame() throws Exception {
        template().becomeReady();
        Connection first = connect();
        Connection second = connect();
        Connection third = connect();
        announceAll();
        announceAll(); // those that were asked for meanwhile
        assertThat(assigned).startsWith(first, second, third);
        assertThat(pool.waiting()).isZero();
        assertThat(served).isEmpty();
    }

    @Test
    void connectionsOfTheFallbackThatStillWaitComeFirst() throws Exception {
        Connection early = connect();
        reclaimable.add(early);
        template().becomeReady();
        Connection late = connect();
        announceAll();
        assertThat(assigned).startsWith(early, late);
    }

    @Test
    void templateThatDoesNotForkIsReplaced() throws Exception {
        template().becomeReady();
        TemplateInTest stuck = template();
        Connection connection = connect();
        manual.advance(Pool.FORK_TIMEOUT.minusMillis(1));
        assertThat(stuck.isClosed()).isFalse();
        manual.advance(Duration.ofMillis(1));
        assertThat(stuck.isClosed()).isTrue();
        assertThat(served).containsExactly(connection);
        manual.advance(Duration.ofSeconds(1));
        assertThat(templates).hasSize(2);
    }

    @Test
    void staleTemplateIsReplacedOnceAndItsIdleWorkersRetire() throws Exception {
        warm();
        connect();
        connect();
        manual.advance(A_WHILE);
        TemplateInTest old = template();
        SocketEnd idle = old.asked.get(MIN_IDLE);
        announce(idle);
        say(old.asked.get(0), "stale");
        assertThat(old.isClosed()).isTrue();
        assertThat(idle.isAtEnd()).as("an idle worker of the old template").isTrue();
        manual.advance(Duration.ofSeconds(1));
        template().becomeReady();
        say(old.asked.get(1), "stale"); // which is known by now
        assertThat(template().isClosed()).isFalse();
        assertThat(templates).hasSize(2);
    }

    @Test
    void idleWorkersOutliveATemplateThatDied() throws Exception {
        warm();
        template().die("it has died");
        assertThat(templatesFailed).isOne();
        Connection connection = connect();
        assertThat(assigned).containsExactly(connection);
    }

    @Test
    void connectionPassesADeadWorkerBy() throws Exception {
        warm();
        template().asked.get(0).close();
        Connection connection = connect();
        assertThat(assigned).containsExactly(connection);
        assertThat(template().asked.get(1).read()).endsWith("serve");
    }

    @Test
    void fallbackServesWhatTheTemplateCannotForkFor() throws Exception {
        template().becomeReady();
        Connection connection = connect();
        int before = template().asked.size();
        for (SocketEnd worker : template().asked) {
            say(worker, "failed fork: no memory");
            worker.close();
        }
        manual.run();
        assertThat(served).containsExactly(connection);
        assertThat(template().asked).as("not again at once").hasSize(before);
        manual.advance(Duration.ofSeconds(1));
        assertThat(template().asked).hasSizeGreaterThan(before);
    }

    @Test
    void workersRehearseOneAtATime() throws Exception {
        warm();
        SocketEnd first = template().asked.get(0);
        SocketEnd second = template().asked.get(1);
        assertThat(first.read()).endsWith("rehearse");
        assertThat(second.read()).isEmpty();
        say(first, "warm");
        assertThat(second.read()).endsWith("rehearse");
    }

    /**
     * The processes of these workers do not exist, so they are not runnable. The first one is
     * rehearsing, so the second one gets the connection.
     */
    @Test
    void connectionOfAStuckWorkerGoesToTheFallback() throws Exception {
        warm();
        SocketEnd stuck = template().asked.get(1);
        Connection connection = connect();
        manual.advance(WorkerLimits.TAKING.minusMillis(10));
        assertThat(assigned).containsExactly(connection);
        manual.advance(Duration.ofMillis(20));
        assertThat(served).as("before the worker is dead").isEmpty();
        assertThat(pool.waiting()).isEqualTo(1);
        assertThat(stuck.read()).endsWith("serve");
        stuck.close(); // its exit
        manual.run();
        assertThat(served).containsExactly(connection);
        assertThat(pool.waiting()).isZero();
        assertThat(pool.isInUse()).isFalse();
        assertThat(templates.get(0).isClosed()).as("others may be stuck too").isTrue();
    }

    @Test
    void connectionOfAWorkerThatTheKernelCannotEndGoesToTheFallback() throws Exception {
        warm();
        Connection connection = connect();
        manual.advance(WorkerLimits.TAKING);
        manual.advance(WorkerLimits.DEATH);
        assertThat(served).containsExactly(connection);
    }

    /** Whatever it has done to the connection, no other worker may have that. */
    @Test
    void connectionThatAWorkerTookBeforeItWasKilledIsLost() throws Exception {
        warm();
        Connection connection = connect();
        manual.advance(WorkerLimits.TAKING);
        new DescriptorOutput(connection.fd()).write('o'); // a hello
        template().asked.get(1).close();
        manual.run();
        assertThat(served).isEmpty();
        assertThat(pool.waiting()).isZero();
        assertThat(refused).hasSize(1);
    }

    @Test
    void workerThatHasTakenItsConnectionMayTakeItsTime() throws Exception {
        warm();
        connect();
        assertThat(template().asked.get(1).read()).endsWith("serve");
        manual.advance(WorkerLimits.TAKING.multipliedBy(100));
        assertThat(served).isEmpty();
        assertThat(template().isClosed()).isFalse();
    }

    @Test
    void quietTimesNeedOneWorkerThatHasRehearsed() throws Exception {
        warm();
        SocketEnd first = template().asked.get(0);
        SocketEnd second = template().asked.get(1);
        say(first, "warm");
        say(second, "warm");
        first.read();
        second.read();
        manual.advance(PoolSize.QUIET);
        assertThat(first.isAtEnd()).isFalse();
        assertThat(second.isAtEnd()).isTrue();
        SocketEnd third = template().asked.get(2);
        announce(third);
        assertThat(third.read()).isEmpty();
        manual.advance(PoolSize.QUIET.multipliedBy(10));
        assertThat(template().asked).as("once").hasSize(3);
        connect();
        manual.advance(A_WHILE);
        announce(template().asked.get(3));
        assertThat(first.read()).endsWith("serve");
        assertThat(third.read()).as("the quiet time is over").endsWith("rehearse");
    }

    @Test
    void quietTimesNeedFewerWorkers() throws Exception {
        template().becomeReady();
        for (int i = 0; i < MAX_IDLE; i++) {
            connect();
        }
        announceAll();
        manual.advance(A_WHILE);
        announceAll();
        assertThat(idleWorkers()).as("after a burst").isEqualTo(MAX_IDLE);
        manual.advance(PoolSize.QUIET.multipliedBy(MAX_IDLE));
        assertThat(idleWorkers()).isEqualTo(MIN_IDLE);
    }

    /** Workers whose line is open and carries no connection. */
    private long idleWorkers() {
        return template().asked.stream().filter(w -> !w.isAtEnd()).count() - assigned.size();
    }

    @Test
    void drainEndsTheTemplateWhenNoConnectionWaits() throws Exception {
        template().becomeReady();
        Connection connection = connect();
        pool.drain();
        assertThat(template().isClosed()).isFalse();
        announce(template().asked.get(0));
        assertThat(assigned).containsExactly(connection);
        assertThat(template().isClosed()).isTrue();
        announce(template().asked.get(1));
        assertThat(template().asked.get(1).isAtEnd()).as("a worker that comes late").isTrue();
        template().die(null);
        manual.advance(Duration.ofMinutes(10));
        assertThat(templates).hasSize(1);
    }

    @Test
    void poolWithoutWorkersLetsItsTemplateGoUntilAConnectionComes() throws Exception {
        pool.drain();
        open(0);
        template().becomeReady();
        TemplateInTest first = template();
        manual.advance(PoolSize.UNUSED.minusMinutes(1));
        assertThat(first.isClosed()).isFalse();
        manual.advance(Duration.ofMinutes(2));
        assertThat(first.isClosed()).isTrue();
        int before = templates.size();
        manual.advance(PoolSize.UNUSED);
        assertThat(templates).as("no other one meanwhile").hasSize(before);
        Connection connection = connect();
        assertThat(served).containsExactly(connection);
        assertThat(templates).hasSize(before + 1);
        template().becomeReady();
        manual.advance(PoolSize.QUIET.multipliedBy(2)); // while the fallback still serves it
        assertThat(template().isClosed()).isFalse();
    }

    @Test
    void poolWithWorkersKeepsItsTemplate() throws Exception {
        warm();
        manual.advance(PoolSize.UNUSED.multipliedBy(2));
        assertThat(template().isClosed()).isFalse();
    }
}
