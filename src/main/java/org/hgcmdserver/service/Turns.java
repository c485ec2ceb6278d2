package org.hgcmdserver.service;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.hgcmdserver.listener.Connection;

/**
 * Accepted connections that wait for a place. Users take turns: a user with many connections delays
 * another user's by one, as with the limits for each source in sshd(8). The connections of one user
 * stay in their order. Used in the loop's thread only.
 */
final class Turns {

    /** By the client's uid; the user whose turn is next comes first. */
    private final Map<Long, Queue<Connection>> users = new LinkedHashMap<>();

    private int size;

    void add(Connection connection) {
        users.computeIfAbsent(connection.peer().uid(), uid -> new ArrayDeque<>()).add(connection);
        size++;
    }

    /** Removes the connection whose turn it is; there must be one. */
    Connection next() {
        Map.Entry<Long, Queue<Connection>> user = users.entrySet().iterator().next();
        users.remove(user.getKey());
        Connection first = user.getValue().remove();
        if (!user.getValue().isEmpty()) {
            users.put(user.getKey(), user.getValue()); // behind all others
        }
        size--;
        return first;
    }

    /** All that wait, each user's in the order of their arrival. */
    List<Connection> all() {
        List<Connection> all = new ArrayList<>();
        users.values().forEach(all::addAll);
        return all;
    }

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }
}
