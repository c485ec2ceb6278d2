package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.children.ExitInTest;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.SocketEnd;
import org.hgcmdserver.posix.SocketPair;
import org.hgcmdserver.worker.CommandServer;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerSource;
import org.hgcmdserver.worker.WorkerTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A drain of workers that are not processes: their exits come when the test says so. */
class DrainingTest implements WorkerSource, WorkerTable.Listener {

    /** More than any system's pid_max, so that no process has it. */
    private static final int PID = 99_000_000;

    private static final Duration TIMEOUT = Duration.ofMinutes(1);

    private ManualLoop manual;
    private Children children;
    private WorkerTable table;
    private SocketEnd worker;
    private SocketEnd client;

    private final List<String> done = new ArrayList<>();
    private int waiting;

    private Optional<Duration> stopTimeout = Optional.empty();

    /** What happens while the drain waits: one entry for each time it looks. */
    private final List<Draining.Step> meanwhile = new ArrayList<>();

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        children = new Children(manual.loop());
        table = new WorkerTable(manual.loop(), children, this);
        SocketPair ends = SocketPair.open();
        table.add(PID, new Connection(ends.here().fd(), new Peer(1, 0, 0)));
        worker = new SocketEnd(ends.here());
        client = new SocketEnd(ends.there());
    }

    @AfterEach
    void end() {
        worker.close();
        client.close();
        manual.close();
    }

    private Draining drain(Drain kind, Optional<Duration> timeout) throws IOException {
        ServiceConfig config =
                new ServiceConfig(
                        Duration.ofMillis(1),
                        10,
                        ServiceConfig.Limits.NONE,
                        new ServiceConfig.Ending(kind, timeout, stopTimeout),
                        List.of());
        Draining draining = new Draining(manual.loop(), children, table, config);
        meanwhile.add(0, () -> {}); // before it waits for the first time
        draining.run(() -> done.add("listener closed"), this, () -> goOn(draining));
        return draining;
    }

    private void goOn(Draining draining) throws IOException {
        if (meanwhile.isEmpty()) {
            draining.abandon(); // the test has nothing more to offer
        } else {
            meanwhile.remove(0).run();
        }
    }

    private void workerExits() throws IOException {
        ExitInTest.of(children, PID);
    }

    /** Whether the worker reads the end of its connection instead of another request. */
    private boolean isInputEnded() {
        return worker.isAtEnd();
    }

    @Test
    void workersAreWaitedFor() throws Exception {
        for (int i = 0; i < 100; i++) {
            meanwhile.add(() -> assertThat(isInputEnded()).isFalse());
        }
        meanwhile.add(this::workerExits);
        Draining draining = drain(Drain.WAIT, Optional.empty());
        assertThat(draining.outcome()).isEqualTo(Outcome.DRAINED);
        assertThat(meanwhile).as("steps left when the worker had exited").isEmpty();
        assertThat(done).containsExactly("listener closed", "source drains");
    }

    @Test
    void waitingConnectionsAreWaitedFor() throws Exception {
        waiting = 1;
        meanwhile.add(this::workerExits);
        meanwhile.add(() -> {});
        meanwhile.add(() -> waiting = 0);
        assertThat(drain(Drain.WAIT, Optional.empty()).outcome()).isEqualTo(Outcome.DRAINED);
        assertThat(meanwhile).isEmpty();
    }

    @Test
    void expectedWorkerIsWaitedFor() throws Exception {
        children.expect();
        meanwhile.add(this::workerExits);
        meanwhile.add(() -> {});
        meanwhile.add(children::unexpect);
        assertThat(drain(Drain.WAIT, Optional.empty()).outcome()).isEqualTo(Outcome.DRAINED);
        assertThat(meanwhile).isEmpty();
    }

    @Test
    void finishEndsTheInputAtOnce() throws Exception {
        meanwhile.add(() -> assertThat(isInputEnded()).isTrue());
        meanwhile.add(this::workerExits);
        assertThat(drain(Drain.FINISH, Optional.empty()).outcome()).isEqualTo(Outcome.DRAINED);
    }

    @Test
    void timeoutTurnsAWaitIntoAFinish() throws Exception {
        meanwhile.add(() -> manual.advance(TIMEOUT.minusMillis(1)));
        meanwhile.add(() -> assertThat(isInputEnded()).isFalse());
        meanwhile.add(() -> manual.advance(Duration.ofMillis(1)));
        meanwhile.add(() -> assertThat(isInputEnded()).isTrue());
        meanwhile.add(this::workerExits);
        assertThat(drain(Drain.WAIT, Optional.of(TIMEOUT)).outcome()).isEqualTo(Outcome.DRAINED);
    }

    @Test
    void afterTheStopTimeoutTheDrainLeavesTheWorkers() throws Exception {
        stopTimeout = Optional.of(TIMEOUT);
        meanwhile.add(() -> manual.advance(TIMEOUT.minusMillis(1)));
        meanwhile.add(() -> {});
        meanwhile.add(() -> manual.advance(Duration.ofMillis(1)));
        assertThat(drain(Drain.WAIT, Optional.empty()).outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(meanwhile).as("steps left when the time was over").isEmpty();
        assertThat(isInputEnded()).isFalse();
        assertThat(table.size()).isOne();
    }

    @Test
    void abandonedDrainLeavesTheWorkers() throws Exception {
        assertThat(drain(Drain.WAIT, Optional.empty()).outcome()).isEqualTo(Outcome.ABANDONED);
        assertThat(isInputEnded()).isFalse();
        assertThat(table.size()).isOne();
    }

    @Override
    public void serve(Connection connection, CommandServer server) {}

    @Override
    public void workerExited(Worker exited) {}

    @Override
    public int waiting() {
        return waiting;
    }

    @Override
    public void drain() {
        done.add("source drains");
    }

    @Override
    public void workerAssigned(Worker assigned) {}

    @Override
    public void workerExited(Worker exited, Exit exit) {}
}
