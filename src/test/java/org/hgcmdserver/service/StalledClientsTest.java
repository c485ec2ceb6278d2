package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.DescriptorOutput;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.SocketEnd;
import org.hgcmdserver.posix.SocketPair;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With real sockets, workers that are not processes, and a clock of the test's own. */
class StalledClientsTest implements WorkerTable.Listener {

    /** More than any system's pid_max, so that no process has it. */
    private static final int PID = 99_000_000;

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    private ManualLoop manual;
    private WorkerTable table;
    private SocketEnd client;
    private int worker;
    private StalledClients stalled;

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        table = new WorkerTable(manual.loop(), new Children(manual.loop()), this);
        SocketPair ends = SocketPair.open();
        worker = ends.here().fd();
        table.add(PID, new Connection(worker, new Peer(1, 0, 0)));
        client = new SocketEnd(ends.there());
        open(Optional.empty());
    }

    private void open(Optional<Duration> timeout) {
        stalled = new StalledClients(manual.loop(), table, timeout, POLL);
    }

    @AfterEach
    void end() {
        client.close();
        manual.close();
    }

    @Override
    public void workerAssigned(Worker assigned) {}

    @Override
    public void workerExited(Worker exited, Exit exit) {}

    private void write() throws IOException {
        new DescriptorOutput(worker).write(new byte[] {'x'});
    }

    private void pass(Duration time) throws IOException {
        for (Duration left = time; !left.isNegative(); left = left.minus(POLL)) {
            stalled.look();
            manual.advance(POLL);
        }
        stalled.look();
    }

    @Test
    void clientMayTakeItsTime() throws Exception {
        write();
        pass(Duration.ofHours(1));
        write();
        assertThat(client.read()).isEqualTo("xx");
    }

    @Test
    void stoppingServiceWaitsNoLongerThanItSays() throws Exception {
        write();
        table.finish();
        pass(StalledClients.WHILE_FINISHING.minusSeconds(2));
        write();
        pass(StalledClients.WHILE_FINISHING);
        assertThatThrownBy(this::write).hasMessageContaining("Broken pipe");
        assertThat(client.read()).as("what was written").isEqualTo("xx");
        assertThat(client.isAtEnd()).isTrue();
    }

    @Test
    void workerThatStaysCanReadNoMoreEither() throws Exception {
        open(Optional.of(TIMEOUT));
        write();
        pass(TIMEOUT);
        assertThatThrownBy(this::write).hasMessageContaining("Broken pipe");
        assertThat(UnixSocket.isHungUp(worker)).isFalse();
        pass(StalledClients.WITHOUT_OUTPUT);
        assertThat(UnixSocket.isHungUp(worker)).isTrue();
    }

    @Test
    void clientThatReadsNowAndThenIsNotStalled() throws Exception {
        open(Optional.of(TIMEOUT));
        for (int i = 0; i < 5; i++) {
            write();
            pass(TIMEOUT.minusSeconds(2));
            assertThat(client.read()).isEqualTo("x");
            stalled.look();
        }
        pass(TIMEOUT);
        write();
        assertThat(client.read()).as("nothing was left unread").isEqualTo("x");
    }

    /** A client may have read between two looks that find the same number of bytes. */
    @Test
    void fewLooksAreNotEnough() throws Exception {
        open(Optional.of(Duration.ofMillis(1)));
        write();
        pass(POLL.multipliedBy(2));
        write();
    }
}
