package org.hgcmdserver.worker.prefork;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.hgcmdserver.listener.Connection;

/** A pool's connections without a worker, in the order of their arrival. */
final class WaitingConnections {

    private final Deque<Connection> connections = new ArrayDeque<>();

    void add(Connection connection) {
        connections.add(connection);
    }

    /** Adds connections that arrived before all others, the oldest first. */
    void addOlder(List<Connection> older) {
        for (int i = older.size() - 1; i >= 0; i--) {
            connections.addFirst(older.get(i));
        }
    }

    /** Removes the connection that arrived first. */
    Connection remove() {
        return connections.remove();
    }

    boolean contains(Connection connection) {
        return connections.contains(connection);
    }

    boolean isEmpty() {
        return connections.isEmpty();
    }

    int size() {
        return connections.size();
    }
}
