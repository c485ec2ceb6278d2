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

        private static ListeningSocket parse(String line) {
            String[] words = line.split(" ", 3);
            boolean unnamed = words[0].equals(LISTENER);
            String name = unnamed ? SERVICE : words[0].substring(LISTENER.length() + 1);
            return new ListeningSocket(name, descriptor(words[1]), words[2]);
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

        private static BusyWorker parse(String line) {
            String[] words = line.split(" ");
            Peer peer =
                    new Peer(
                            Long.parseLong(words[5]),
                            Long.parseLong(words[6]),
                            Long.parseLong(words[7]));
            return new BusyWorker(
                    process(words[1]),
                    Worker.State.valueOf(words[2]),
                    Long.parseLong(words[3]),
                    new Connection(Integer.parseInt(words[4]), peer),
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
                    "it begins with \"%s\" instead of \"%s\""
                            .formatted(lines.isEmpty() ? "" : lines.get(0), FIRST_LINE));
        }
        List<ListeningSocket> listeners = new ArrayList<>();
        long connections = 0;
        List<BusyWorker> workers = new ArrayList<>();
        Map<Integer, Integer> workerLines = new HashMap<>();
        List<Integer> leftovers = new ArrayList<>();
        List<Integer> waiting = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] words = line.split(" ");
            try {
                String kind = words[0].startsWith(LISTENER + ".") ? LISTENER : words[0];
                switch (kind) {
                    case LISTENER -> listeners.add(ListeningSocket.parse(line));
                    case "connections" -> connections = Long.parseLong(words[1]);
                    case "worker" -> workers.add(BusyWorker.parse(line));
                    case "line" -> workerLines.put(process(words[1]), descriptor(words[2]));
                    case "leftover" -> leftovers.add(process(words[1]));
                    case "waiting" -> waiting.add(descriptor(words[1]));
                    default -> {
                        // a line of a later version
                    }
                }
            } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
                throw new IllegalArgumentException("its line \"" + line + "\" is wrong", e);
            }
        }
        workers.replaceAll(worker -> worker.with(workerLines.getOrDefault(worker.pid(), -1)));
        Handover handover = new Handover(listeners, connections, workers, leftovers, waiting);
        handover.listener(); // without one the service cannot go on
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

    /** Parses a process id: other numbers mean groups or all to kill(2) and waitid(2). */
    private static int process(String word) {
        int pid = Integer.parseInt(word);
        if (pid <= 0) {
            throw new IllegalArgumentException("process " + pid);
        }
        return pid;
    }

    private static int descriptor(String word) {
        int fd = Integer.parseInt(word);
        if (fd < 0) {
            throw new IllegalArgumentException("descriptor " + fd);
        }
        return fd;
    }
}
