package org.hgcmdserver.service;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the connections of clients that do not read although the connection holds much, more than a
 * quarter of what it can: their workers wait in write(2), or soon will, where neither the end of
 * their input nor a worker's own timeout reaches them. First a worker can write no more, as if its
 * client had left; if the worker is still there after a while, it can read no more either. No
 * worker is killed. Commands of chg write to the client's own streams, like hg's.
 *
 * <p>Linux only: other systems do not tell what a client has not read. Used in the loop's thread
 * only.
 */
final class StalledClients {

    /** How long a client may read nothing while connections finish. */
    static final Duration WHILE_FINISHING = Duration.ofSeconds(30);

    /** How long a worker may go on once it can write no more. */
    static final Duration WITHOUT_OUTPUT = Duration.ofSeconds(10);

    /**
     * A client that reads may leave the same number of bytes at some looks, but not at all. One
     * that reads so slowly that it does not finish a block of the kernel's, of up to 100 KB, in the
     * time, counts as one that does not read.
     */
    private static final int FEWEST_LOOKS = 5;

    private static final Logger log = LoggerFactory.getLogger(StalledClients.class);

    /** How much a client has left unread, and since when; or since when its output has ended. */
    private record Stall(int unread, long since, boolean outputEnded) {}

    private final EventLoop loop;
    private final WorkerTable table;
    private final Optional<Duration> timeout;
    private final Duration shortest;
    private final Map<Worker, Stall> stalls = new HashMap<>();

    /**
     * @param timeout how long a client may read nothing at other times; without limit if empty
     * @param pollInterval how often {@link #look} is called
     */
    StalledClients(
            EventLoop loop, WorkerTable table, Optional<Duration> timeout, Duration pollInterval) {
        this.loop = loop;
        this.table = table;
        this.timeout = timeout;
        shortest = pollInterval.multipliedBy(FEWEST_LOOKS);
    }

    /** Called once per poll interval. */
    void look() {
        Optional<Duration> limit = limit();
        stalls.keySet().removeIf(w -> limit.isEmpty() || w.state() == Worker.State.EXITED);
        if (limit.isEmpty()) {
            return;
        }
        for (Worker worker : table.busyWorkers()) {
            if (worker.connection().hasHandle() && !worker.peer().isChg()) {
                look(worker, limit.get());
            }
        }
    }

    private Optional<Duration> limit() {
        Optional<Duration> limit = timeout;
        if (table.isFinishing()) {
            limit =
                    timeout.filter(time -> time.compareTo(WHILE_FINISHING) < 0)
                            .or(() -> Optional.of(WHILE_FINISHING));
        }
        return limit.map(time -> time.compareTo(shortest) < 0 ? shortest : time);
    }

    private void look(Worker worker, Duration limit) {
        int fd = worker.connection().fd();
        int unread = UnixSocket.unread(fd);
        Stall stall = stalls.get(worker);
        if (stall != null && stall.outputEnded) {
            if (loop.since(stall.since).compareTo(WITHOUT_OUTPUT) >= 0) {
                UnixSocket.shutDown(fd);
            }
        } else if (UnixSocket.hasRoom(fd)) {
            stalls.remove(worker);
        } else if (stall == null || stall.unread != unread) {
            stalls.put(worker, new Stall(unread, loop.nanoTime(), false));
        } else if (loop.since(stall.since).compareTo(limit) >= 0) {
            log.info(
                    "{} has not read for {} s; ending its connection (pid={})",
                    worker.peer(),
                    limit.toSeconds(),
                    worker.pid());
            UnixSocket.endOutput(fd);
            stalls.put(worker, new Stall(unread, loop.nanoTime(), true));
        }
    }
}
