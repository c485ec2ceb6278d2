package org.hgcmdserver.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.SocketEnd;
import org.hgcmdserver.posix.SocketPair;
import org.hgcmdserver.posix.UnixSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * {@link HelloWatch} and {@link StartTimeout} on a real socket, with a worker that is not a
 * process.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "other systems cannot notice a hello")
class HelloWatchTest {

    /** More than any system's pid_max, so that a kill reaches no process. */
    private static final int PID = 99_999_999;

    private static final byte[] HELLO = "o".getBytes(StandardCharsets.ISO_8859_1);

    private ManualLoop manual;
    private WorkerTable table;
    private HelloWatch hello;
    private StartTimeout timeout;
    private Connection connection;
    private SocketEnd client;

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        table =
                new WorkerTable(
                        manual.loop(),
                        new Children(manual.loop()),
                        new WorkerTable.Listener() {
                            @Override
                            public void workerAssigned(Worker worker) {
                                hello.workerAssigned(worker);
                                timeout.workerAssigned();
                            }

                            @Override
                            public void workerExited(Worker worker, Exit exit) {}
                        });
        hello = HelloWatch.open(manual.loop(), table);
        timeout = new StartTimeout(manual.loop(), hello, Optional.of(Duration.ofSeconds(5)));
        SocketPair ends = SocketPair.open();
        connection = new Connection(ends.here().release(), new Peer(1, 0, 0));
        client = new SocketEnd(ends.there());
        hello.watch(connection);
    }

    @AfterEach
    void end() {
        hello.forget(connection);
        connection.release();
        client.close();
        hello.close();
        manual.close();
    }

    @Test
    void workerServesWhenItsClientHasReadTheHello() throws Exception {
        Worker worker = table.add(PID, connection);
        UnixSocket.sendWithoutWaiting(connection.fd(), HELLO);
        assertThat(client.read()).isEqualTo("o");
        manual.advance(Duration.ofMillis(20));
        assertThat(worker.state()).isEqualTo(Worker.State.SERVING);
    }

    @Test
    void helloThatIsNotReadYetCounts() throws Exception {
        Worker worker = table.add(PID, connection);
        manual.advance(Duration.ofMillis(20));
        assertThat(worker.state()).isEqualTo(Worker.State.STARTING);
        UnixSocket.sendWithoutWaiting(connection.fd(), HELLO);
        hello.noticeAll();
        assertThat(worker.state()).isEqualTo(Worker.State.SERVING);
    }

    @Test
    void workerOfAClientThatHasLeftTheQueueCountsAsStarting() throws Exception {
        client.close();
        manual.advance(Duration.ofMillis(20));
        Worker worker = table.add(PID, connection);
        manual.advance(Duration.ofMillis(20));
        assertThat(worker.state()).isEqualTo(Worker.State.STARTING);
        assertThat(hello.silentWorkers()).as("for the start timeout").containsExactly(worker);
    }

    @Test
    void helloIsNoticedOfAClientThatHasHalfClosedInTheQueue() throws Exception {
        client.endOutput();
        manual.advance(Duration.ofMillis(20));
        Worker worker = table.add(PID, connection);
        manual.advance(Duration.ofMillis(20));
        assertThat(worker.state()).isEqualTo(Worker.State.STARTING);
        UnixSocket.sendWithoutWaiting(connection.fd(), HELLO);
        assertThat(client.read()).isEqualTo("o");
        manual.run();
        assertThat(worker.state()).isEqualTo(Worker.State.SERVING);
    }

    @Test
    void clientOfAWorkerThatEndsBeforeItsHelloReadsTheReason() throws Exception {
        Worker worker = table.add(PID, connection);
        hello.workerExited(worker, new Exit(PID, 3, 0));
        assertThat(client.read())
                .startsWith("e")
                .contains("worker process (pid=99999999) ended before it said hello");
    }

    @Test
    void clientOfAWorkerThatEndsAfterItsHelloReadsNothing() throws Exception {
        Worker worker = table.add(PID, connection);
        UnixSocket.sendWithoutWaiting(connection.fd(), HELLO);
        assertThat(client.read()).isEqualTo("o");
        hello.workerExited(worker, new Exit(PID, 3, 0));
        assertThat(client.read()).isEmpty();
    }

    @Test
    void silentWorkerIsGivenUpInTime() throws Exception {
        table.add(PID, connection);
        manual.advance(Duration.ofMillis(4999));
        assertThat(client.read()).isEmpty();
        manual.advance(Duration.ofMillis(1));
        assertThat(client.read())
                .startsWith("e")
                .contains("worker process (pid=99999999) has not said hello for 5 s");
        manual.advance(Duration.ofSeconds(20));
        assertThat(client.read()).as("once").isEmpty();
    }

    @Test
    void timeInTheQueueIsNotTheWorkers() throws Exception {
        manual.advance(Duration.ofSeconds(20));
        table.add(PID, connection);
        manual.advance(Duration.ofMillis(4999));
        assertThat(client.read()).isEmpty();
    }

    @Test
    void workerThatHasSaidHelloHasAllTheTime() throws Exception {
        table.add(PID, connection);
        UnixSocket.sendWithoutWaiting(connection.fd(), HELLO);
        assertThat(client.read()).isEqualTo("o");
        manual.advance(Duration.ofSeconds(20));
        assertThat(client.read()).isEmpty();
    }
}
