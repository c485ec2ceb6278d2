package org.hgcmdserver.reload;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;

/**
 * What one image of the daemon hands over to the next in a reload, as lines of text:
 *
 * <pre>
 * hg-cmdserver 1
 * listener FD DESCRIPTION
 * listener.NAME FD DESCRIPTION
 * connections NUMBER-SO-FAR
 * worker PID STATE SINCE CONNECTION-FD PEER-PID PEER-UID PEER-GID
 * line PID FD
 * leftover PID
 * waiting FD
 * </pre>
 *
 * The number in the first line is the version; the reader skips lines of an unknown kind. The
 * listener without a name is the service's. SINCE is {@link System#nanoTime}, which is one clock
 * for all images (CLOCK_MONOTONIC in clock_gettime(2)). "line" is the daemon's end of the line over
 * which a busy worker reports. A leftover is a process that the daemon has told to end. Waiting are
 * connections that no worker serves yet, those of each user in the order of their arrival.
 *
 * @param listeners the listening sockets, including the service's
 * @param connections the number of connections so far
 */
public record Handover(
        List<ListeningSocket> listeners,
        long connections,
        List<BusyWorker> workers,
        List<Integer> leftovers,
        List<Integer> waiting) {

    private static final String FIRST_LINE = "hg-cmdserver 1";
    private static final String LISTENER = "listener";

    /**
     * A listening socket.
     *
     * @param name the socket's purpose: {@link #SERVICE} for the connections of clients
     * @param description the socket's {@link Listener#description}; null if not known
     */
    public record ListeningSocket(String name, int fd, String description) {

        public static final String SERVICE = "";

        static ListeningSocket of(Listener listener) {
            return new ListeningSocket(SERVICE, listener.fd(), listener.description());
        }

        private static ListeningSocket parse(HandoverLine line) {
            boolean unnamed = line.kind().equals(LISTENER);
            String name = unnamed ? SERVICE : line.kind().substring(LISTENER.length() + 1);
            return new ListeningSocket(name, line.descriptor(1, "FD"), line.rest(2, "DESCRIPTION"));
        }

        private String toText() {
            String kind = name.equals(SERVICE) ? LISTENER : LISTENER + "." + name;
            return kind + " " + fd + " " + description + "\n";
        }
    }

    /**
     * A worker with its connection.
     *
     * @param line the descriptor over which the worker reports; -1 without one
     */
    public record BusyWorker(
            int pid, Worker.State state, long since, Connection connection, int line) {

        private static BusyWorker of(Worker worker) {
            return new BusyWorker(
                    worker.pid(),
                    worker.state(),
                    worker.since(),
                    worker.connection(),
                    worker.line());
        }

        private BusyWorker with(int lineFd) {
            return new BusyWorker(pid, state, since, connection, lineFd);
        }

        private static BusyWorker parse(HandoverLine line) {
            Peer peer =
                    new Peer(
                            line.number(5, "PEER-PID"),
                            line.number(6, "PEER-UID"),
                            line.number(7, "PEER-GID"));
            return new BusyWorker(
                    line.process(1, "PID"),
                    line.constant(Worker.State.class, 2, "STATE"),
                    line.number(3, "SINCE"),
                    new Connection(line.descriptorOrNone(4, "CONNECTION-FD"), peer),
                    -1);
        }

        private String toText() {
            Peer peer = connection.peer();
            String text =
                    String.format(
                            Locale.ROOT,
                            "worker %d %s %d %d %d %d %d\n",
                            pid,
                            state,
                            since,
                            connection.fd(),
                            peer.pid(),
                            peer.uid(),
                            peer.gid());
            return line < 0 ? text : text + "line " + pid + " " + line + "\n";
        }
    }

    public Handover {
        listeners = List.copyOf(listeners);
        workers = List.copyOf(workers);
        leftovers = List.copyOf(leftovers);
        waiting = List.copyOf(waiting);
    }

    /** The handover of a service. Called in the loop's thread. */
    public static Handover of(
            Listener listener,
            long connections,
            WorkerTable table,
            Children children,
            List<Connection> waiting) {
        List<Integer> leftovers = children.pids();
        table.busyWorkers().forEach(worker -> leftovers.remove(Integer.valueOf(worker.pid())));
        return new Handover(
                List.of(ListeningSocket.of(listener)),
                connections,
                table.busyWorkers().stream().map(BusyWorker::of).toList(),
                leftovers,
                waiting.stream().map(Connection::fd).toList());
    }

    /** The service's listening socket. */
    public ListeningSocket listener() {
        return listeners.stream()
                .filter(socket -> socket.name().equals(ListeningSocket.SERVICE))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("it names no listener"));
    }

    /** The listening sockets for which this release has no use. */
    List<ListeningSocket> otherListeners() {
        return listeners.stream().filter(socket -> !socket.equals(listener())).toList();
    }

    /** The descriptors that the next image receives, the service's listening socket first. */
    public Collection<Integer> descriptors() {
        List<Integer> all = new ArrayList<>(List.of(listener().fd()));
        otherListeners().forEach(other -> all.add(other.fd()));
        for (BusyWorker worker : workers) {
            if (worker.connection().hasHandle()) {
                all.add(worker.connection().fd());
            }
            if (worker.line() >= 0) {
                all.add(worker.line());
            }
        }
        all.addAll(waiting);
        return all;
    }

    public String toText() {
        StringBuilder text = new StringBuilder(FIRST_LINE + "\n");
        listeners.forEach(listener -> text.append(listener.toText()));
        text.append("connections ").append(connections).append('\n');
        workers.forEach(worker -> text.append(worker.toText()));
        leftovers.forEach(pid -> text.append("leftover ").append(pid).append('\n'));
        waiting.forEach(fd -> text.append("waiting ").append(fd).append('\n'));
        return text.toString();
    }

    /**
     * Reads {@link #toText} back.
     *
     * @throws IllegalArgumentException if the text is of another version, or is not a handover; the
     *     message says which
     */
    public static Handover parse(String text) {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.get(0).equals(FIRST_LINE)) {
            throw new IllegalArgumentException(
                    "it begins with %s instead of \"%s\""
                            .formatted(
                                    HandoverLine.quoted(lines.isEmpty() ? "" : lines.get(0)),
                                    FIRST_LINE));
        }
        List<ListeningSocket> listeners = new ArrayList<>();
        long connections = 0;
        List<BusyWorker> workers = new ArrayList<>();
        Map<Integer, Integer> workerLines = new HashMap<>();
        List<Integer> leftovers = new ArrayList<>();
        List<Integer> waiting = new ArrayList<>();
        for (int i = 1; i < lines.size(); i++) {
            HandoverLine line = new HandoverLine(i + 1, lines.get(i));
            switch (line.kind().startsWith(LISTENER + ".") ? LISTENER : line.kind()) {
                case LISTENER -> listeners.add(ListeningSocket.parse(line));
                case "connections" -> connections = line.number(1, "NUMBER-SO-FAR");
                case "worker" -> workers.add(BusyWorker.parse(line));
                case "line" -> workerLines.put(line.process(1, "PID"), line.descriptor(2, "FD"));
                case "leftover" -> leftovers.add(line.process(1, "PID"));
                case "waiting" -> waiting.add(line.descriptor(1, "FD"));
                default -> {
                    // a line of a later version
                }
            }
        }
        workers.replaceAll(worker -> worker.with(workerLines.getOrDefault(worker.pid(), -1)));
        Handover handover = new Handover(listeners, connections, workers, leftovers, waiting);
        List<Integer> all = List.copyOf(handover.descriptors()); // and without a listener none
        for (int fd : all) {
            if (all.indexOf(fd) != all.lastIndexOf(fd)) { // two owners would close it
                throw new IllegalArgumentException("it names the descriptor " + fd + " twice");
            }
        }
        return handover;
    }

    /**
     * The handover as far as it is known without the text: all children count as workers of unknown
     * clients.
     *
     * @param now the time since when the workers count as busy, as {@link Worker#since}
     */
    public static Handover unreadable(int listenerFd, List<Integer> children, long now) {
        return new Handover(
                List.of(new ListeningSocket(ListeningSocket.SERVICE, listenerFd, null)),
                0,
                children.stream()
                        .map(
                                pid ->
                                        new BusyWorker(
                                                pid,
                                                Worker.State.SERVING,
                                                now,
                                                Connection.unknown(),
                                                -1))
                        .toList(),
                List.of(),
                List.of());
    }
}
