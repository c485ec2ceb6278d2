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

    /** Writes until the connection holds no more. */
    private void fill() {
        while (UnixSocket.sendWithoutWaiting(worker, new byte[1000]) > 0) {
            // on
        }
    }

    private void readAll() {
        while (!client.read().isEmpty()) {
            // on
        }
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
        fill();
        pass(Duration.ofHours(1));
        readAll();
        write();
        assertThat(client.read()).isEqualTo("x");
    }

    @Test
    void stoppingServiceWaitsNoLongerThanItSays() throws Exception {
        fill();
        table.finish();
        pass(StalledClients.WHILE_FINISHING.minusSeconds(2));
        assertThat(UnixSocket.isHungUp(worker)).isFalse();
        pass(StalledClients.WHILE_FINISHING);
        assertThatThrownBy(this::write).hasMessageContaining("Broken pipe");
        readAll();
        assertThat(client.isAtEnd()).as("after what was written").isTrue();
    }

    @Test
    void workerThatStaysCanReadNoMoreEither() throws Exception {
        open(Optional.of(TIMEOUT));
        fill();
        pass(TIMEOUT);
        assertThatThrownBy(this::write).hasMessageContaining("Broken pipe");
        assertThat(UnixSocket.isHungUp(worker)).isFalse();
        pass(StalledClients.WITHOUT_OUTPUT);
        assertThat(UnixSocket.isHungUp(worker)).isTrue();
    }

    /** Such as one whose client has stopped itself while the command works. */
    @Test
    void workerThatCanWriteIsNotHeldUp() throws Exception {
        open(Optional.of(TIMEOUT));
        write();
        pass(TIMEOUT.multipliedBy(2));
        write();
        assertThat(client.read()).isEqualTo("xx");
    }

    @Test
    void clientThatReadsNowAndThenIsNotStalled() throws Exception {
        open(Optional.of(TIMEOUT));
        for (int i = 0; i < 5; i++) {
            fill();
            pass(TIMEOUT.minusSeconds(2));
            readAll();
            stalled.look();
        }
        write();
        assertThat(client.read()).isEqualTo("x");
    }

    /** A client may have read between two looks that find the same number of bytes. */
    @Test
    void fewLooksAreNotEnough() throws Exception {
        open(Optional.of(Duration.ofMillis(1)));
        fill();
        pass(POLL.multipliedBy(2));
        readAll();
        write();
    }
}
