package org.hgcmdserver.reload;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.worker.Worker;

/**
 * What one image of the daemon leaves to the next in a reload, as lines of text:
 *
 * <pre>
 * hg-cmdserver 1
 * listener FD DESCRIPTION
 * connections NUMBER-SO-FAR
 * worker PID STATE SINCE CONNECTION-FD PEER-PID PEER-UID PEER-GID
 * leftover PID
 * </pre>
 *
 * The number in the first line is the version; a line of an unknown kind is passed over. SINCE is
 * {@link System#nanoTime}, which is one clock for all images (CLOCK_MONOTONIC in clock_gettime(2)).
 * Leftovers are processes that have been told to end. Workers' control channels are not among it: a
 * busy worker says only that its template is stale, and a new image starts a new template.
 *
 * @param listenerFd the listening socket
 * @param listener what it is, in the words of {@code Listener.description}; null if not known
 * @param connections how many there have been so far
 */
public record Handover(
        int listenerFd,
        String listener,
        long connections,
        List<BusyWorker> workers,
        List<Integer> leftovers) {

    private static final String FIRST_LINE = "hg-cmdserver 1";

    /** A worker with its connection. */
    public record BusyWorker(int pid, Worker.State state, long since, Connection connection) {
        public static BusyWorker of(Worker worker) {
            return new BusyWorker(
                    worker.pid(), worker.state(), worker.since(), worker.connection());
        }
    }

    public Handover {
        workers = List.copyOf(workers);
        leftovers = List.copyOf(leftovers);
    }

    /** The descriptors that the next image is to have. */
    public Collection<Integer> descriptors() {
        List<Integer> all = new ArrayList<>(List.of(listenerFd));
        for (BusyWorker worker : workers) {
            if (worker.connection().hasHandle()) {
                all.add(worker.connection().fd());
            }
        }
        return all;
    }

    public String toText() {
        StringBuilder text = new StringBuilder(FIRST_LINE + "\n");
        text.append("listener ").append(listenerFd).append(' ').append(listener).append('\n');
        text.append("connections ").append(connections).append('\n');
        for (BusyWorker worker : workers) {
            Connection c = worker.connection();
            Peer peer = c.peer();
            text.append(
                    String.format(
                            Locale.ROOT,
                            "worker %d %s %d %d %d %d %d\n",
                            worker.pid(),
                            worker.state(),
                            worker.since(),
                            c.fd(),
                            peer.pid(),
                            peer.uid(),
                            peer.gid()));
        }
        leftovers.forEach(pid -> text.append("leftover ").append(pid).append('\n'));
        return text.toString();
    }

    /**
     * Reads {@link #toText} back.
     *
     * @throws IllegalArgumentException if it is of another version, or no such text; the message
     *     says so
     */
    public static Handover parse(String text) {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.get(0).equals(FIRST_LINE)) {
            throw new IllegalArgumentException(
                    "it begins with \"%s\" instead of \"%s\""
                            .formatted(lines.isEmpty() ? "" : lines.get(0), FIRST_LINE));
        }
        int listenerFd = -1;
        String listener = null;
        long connections = 0;
        List<BusyWorker> workers = new ArrayList<>();
        List<Integer> leftovers = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] words = line.split(" ");
            try {
                switch (words[0]) {
                    case "listener" -> {
                        listenerFd = Integer.parseInt(words[1]);
                        listener = line.split(" ", 3)[2];
                    }
                    case "connections" -> connections = Long.parseLong(words[1]);
                    case "worker" -> workers.add(worker(words));
                    case "leftover" -> leftovers.add(pid(words[1]));
                    default -> {
                        // of a later image that knew more
                    }
                }
            } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
                throw new IllegalArgumentException("its line \"" + line + "\" is wrong", e);
            }
        }
        if (listenerFd < 0) {
            throw new IllegalArgumentException("it names no listener");
        }
        return new Handover(listenerFd, listener, connections, workers, leftovers);
    }

    /**
     * What can be known without the text: all children are taken for workers, whichever client they
     * serve.
     *
     * @param now the time from which the workers count as busy, as {@link Worker#since}
     */
    public static Handover unreadable(int listenerFd, List<Integer> children, long now) {
        return new Handover(
                listenerFd,
                null,
                0,
                children.stream()
                        .map(
                                pid ->
                                        new BusyWorker(
                                                pid,
                                                Worker.State.SERVING,
                                                now,
                                                Connection.unknown()))
                        .toList(),
                List.of());
    }

    private static BusyWorker worker(String[] words) {
        int fd = Integer.parseInt(words[4]);
        Peer peer =
                new Peer(
                        Long.parseLong(words[5]),
                        Long.parseLong(words[6]),
                        Long.parseLong(words[7]));
        return new BusyWorker(
                pid(words[1]),
                Worker.State.valueOf(words[2]),
                Long.parseLong(words[3]),
                new Connection(fd, peer));
    }

    /** Of one process: kill(2) and waitid(2) take other numbers for groups, or for everybody. */
    private static int pid(String word) {
        int pid = Integer.parseInt(word);
        if (pid <= 0) {
            throw new IllegalArgumentException("process " + pid);
        }
        return pid;
    }
}
