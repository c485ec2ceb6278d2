package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.listener.BoundListener;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.SocketEnd;
import org.hgcmdserver.posix.UnixSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The acceptor at a real socket, with connections that no process serves. */
class AcceptorTest implements Acceptor.Owner {

    private static final int MAX_WORKERS = 2;

    @TempDir Path directory;

    private Path address;
    private ManualLoop manual;
    private Acceptor acceptor;
    private final List<SocketEnd> clients = new ArrayList<>();

    /** Connections that have been handed on and have not ended. */
    private final List<Connection> served = new ArrayList<>();

    private final List<String> refused = new ArrayList<>();

    private int withoutWorker;
    private boolean paused;
    private boolean abandoned;

    /** Whether each connection ends as soon as it is handed on. */
    private boolean quick;

    @BeforeEach
    void begin() throws Exception {
        address = directory.resolve("server.sock");
        manual = new ManualLoop();
        Listener listener = BoundListener.bind(address, 0600);
        ServiceConfig config =
                new ServiceConfig(
                        Duration.ofMillis(1),
                        MAX_WORKERS,
                        ServiceConfig.Limits.NONE,
                        ServiceConfig.Ending.WHEN_ALL_HAVE_LEFT,
                        List.of());
        acceptor = new Acceptor(manual.loop(), listener, config, this);
        acceptor.update();
    }

    @AfterEach
    void end() throws Exception {
        abandoned = true;
        served.forEach(Connection::release);
        clients.forEach(SocketEnd::close);
        manual.close();
    }

    private SocketEnd connect() throws IOException {
        OwnedDescriptor socket = UnixSocket.open();
        UnixSocket.connect(socket.fd(), address);
        clients.add(new SocketEnd(socket));
        return clients.get(clients.size() - 1);
    }

    private void workerExits() {
        served.remove(0).release();
        acceptor.tryAgain();
    }

    @Override
    public void serve(Connection connection) {
        if (quick) {
            connection.release();
        } else {
            served.add(connection);
        }
    }

    @Override
    public int connections() {
        return served.size();
    }

    @Override
    public int withoutWorker() {
        return withoutWorker;
    }

    @Override
    public void waitedForAPlace() {}

    @Override
    public void refuse(Connection connection, String reason) {
        refused.add(reason);
        connection.release();
    }

    @Override
    public boolean isAcceptingPaused() {
        return paused;
    }

    @Override
    public boolean isAbandoned() {
        return abandoned;
    }

    @Test
    void connectionsAreHandedOnOnePerTurnOfTheLoop() throws Exception {
        connect();
        connect();
        manual.loop().runOnce(Duration.ZERO);
        assertThat(served).hasSize(1);
        manual.loop().runOnce(Duration.ZERO);
        assertThat(served).hasSize(2);
    }

    @Test
    void moreThanTheMaximumWait() throws Exception {
        for (int i = 0; i < MAX_WORKERS + 1; i++) {
            connect();
        }
        manual.run();
        assertThat(served).hasSize(MAX_WORKERS);
        workerExits();
        manual.run();
        assertThat(served).hasSize(MAX_WORKERS);
        assertThat(clients.get(0).isAtEnd()).isTrue();
        assertThat(clients.get(MAX_WORKERS).isAtEnd()).isFalse();
    }

    /** Else one user's connections would be ahead of another user's in the source's own queue. */
    @Test
    void whileManyLackAWorkerOthersWaitForTheirTurn() throws Exception {
        withoutWorker = 8;
        connect();
        manual.run();
        assertThat(served).isEmpty();
        assertThat(acceptor.isAnyWaiting()).isTrue();
        withoutWorker = 7;
        acceptor.update();
        assertThat(served).hasSize(1);
        assertThat(acceptor.isAnyWaiting()).isFalse();
    }

    @Test
    void clientThatLeavesWhileItWaitsIsNotServed() throws Exception {
        withoutWorker = 8;
        connect();
        manual.run();
        clients.get(0).close();
        withoutWorker = 0;
        acceptor.update();
        assertThat(served).isEmpty();
        assertThat(acceptor.isAnyWaiting()).isFalse();
    }

    @Test
    void pausedConnectionsStayInTheQueue() throws Exception {
        paused = true;
        acceptor.update();
        connect();
        manual.run();
        assertThat(served).isEmpty();
        paused = false;
        acceptor.update();
        manual.run();
        assertThat(served).hasSize(1);
    }

    @Test
    void signalThatComesWithAConnectionComesFirst() throws Exception {
        connect();
        paused = true; // set, and not heard of by the loop yet
        manual.loop().runOnce(Duration.ZERO);
        assertThat(served).isEmpty();
    }

    @Test
    void clientsThatHadConnectedAreServedAndOthersAreNot() throws Exception {
        quick = true;
        paused = true; // as while the service stops
        acceptor.update();
        for (int i = 0; i < 2 * MAX_WORKERS; i++) {
            connect();
        }
        List<String> order = new ArrayList<>();
        acceptor.close(() -> order.add("unlinked before " + served.size()));
        assertThat(order).containsExactly("unlinked before 0");
        assertThat(clients).allMatch(SocketEnd::isAtEnd);
        try (OwnedDescriptor late = UnixSocket.open()) {
            assertThatThrownBy(() -> UnixSocket.connect(late.fd(), address))
                    .hasMessageContaining("refused");
        }
    }

    @Test
    void abandonedDrainRefusesThoseWhoWait() throws Exception {
        connect();
        manual.run();
        connect();
        manual.run();
        connect(); // for which there is no room
        manual.loop().after(Duration.ZERO, () -> abandoned = true);
        acceptor.close(() -> {});
        assertThat(served).hasSize(MAX_WORKERS);
        assertThat(refused).containsExactly("the service has ended; connect again");
    }
}
