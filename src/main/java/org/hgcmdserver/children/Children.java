package org.hgcmdserver.children;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The table of this process's children: for each pid the callback that the child's exit runs. Used
 * in the loop's thread only. Like OpenSSH's sshd, a daemon that starts several kinds of processes
 * keeps such a table for four reasons:
 *
 * <ul>
 *   <li>waitpid(2) with -1, the only way to receive every exit, reports which pid has exited and
 *       not which kind of process;
 *   <li>an exit that the reaper's thread notices must not overtake the child's entry: the reaper
 *       posts exits to the loop, whose thread enters the children;
 *   <li>a worker that a template forked announces itself, and may have exited by then: while a
 *       worker is expected, the table keeps exits of unknown pids;
 *   <li>a drain waits for some children (workers, templates) and not for others (a check, an orphan
 *       that a hook left behind).
 * </ul>
 */
public final class Children implements Closeable {

    /** Runs in the loop's thread when the child has exited and the reaper has waited for it. */
    public interface ExitCallback {
        void exited(Exit exit) throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(Children.class);

    /**
     * A worker's exit overtakes its announcement by much less than this; the kernel reuses a pid
     * after much longer.
     */
    private static final Duration CLAIM_TIME = Duration.ofSeconds(2);

    /** How long a leftover may take to end. */
    private static final Duration LEFTOVER_TIME = Duration.ofSeconds(10);

    private record Entry(boolean awaited, ExitCallback callback) {}

    private record Unclaimed(Exit exit, long since) {}

    private final EventLoop loop;
    private final Reaper reaper;
    private final Map<Integer, Entry> entries = new HashMap<>();

    /** The exits of unknown pids, while a worker is expected. */
    private final Map<Integer, Unclaimed> unclaimed = new HashMap<>();

    private int awaited;
    private int expected;

    /** Makes the table, whose reaper runs from {@link #start} on. */
    public Children(EventLoop loop) {
        this.loop = loop;
        reaper =
                new Reaper(
                        exit -> loop.post(() -> exited(exit)),
                        failure ->
                                loop.post(
                                        () -> {
                                            throw failure; // ends the service
                                        }));
    }

    /** Starts the reaper: from now on the table waits for all children of this process. */
    public void start() {
        reaper.start();
    }

    /** Enters a child that a drain waits for. */
    public void add(int pid, ExitCallback callback) {
        enter(pid, new Entry(true, callback));
    }

    /** Enters a child that a drain does not wait for. */
    public void addUnawaited(int pid, ExitCallback callback) {
        enter(pid, new Entry(false, callback));
    }

    /**
     * Enters a child that an earlier image of this process started. If that image has waited for
     * the child already, the callback runs with {@link Exit#unknown}.
     */
    public void adopt(int pid, ExitCallback callback) {
        add(pid, callback);
        if (!Child.isChild(pid)) {
            loop.post(() -> exited(Exit.unknown(pid)));
        }
    }

    /**
     * Enters a child that an earlier image of this process told to end, and kills a child that does
     * not.
     */
    public void adoptLeftover(int pid) {
        if (!Child.isChild(pid)) {
            return;
        }
        EventLoop.Timer limit =
                loop.after(
                        LEFTOVER_TIME,
                        () -> {
                            log.warn("process (pid={}) does not end; killing it", pid);
                            Child.kill(pid);
                        });
        addUnawaited(
                pid,
                exit -> {
                    limit.cancel();
                    log.debug("leftover process exited (pid={})", pid);
                });
    }

    /** A child may announce itself: {@link #addExpected} or {@link #unexpect} follows. */
    public void expect() {
        expected++;
    }

    /** Enters a child that has announced itself, whether or not the child is still alive. */
    public void addExpected(int pid, ExitCallback callback) {
        add(pid, callback);
        Unclaimed earlier = unclaimed.remove(pid);
        if (earlier != null) {
            loop.post(() -> exited(earlier.exit));
        }
        unexpect();
    }

    /** An expected child will not come. */
    public void unexpect() {
        expected--;
        if (expected == 0) {
            unclaimed.clear(); // before the kernel reuses their pids
        }
    }

    /** Whether the table has, or expects, a child that a drain waits for. */
    public boolean isAnyAwaited() {
        return awaited > 0 || expected > 0;
    }

    /** The pids of all children in the table. */
    public List<Integer> pids() {
        return new ArrayList<>(entries.keySet());
    }

    private void enter(int pid, Entry entry) {
        entries.put(pid, entry);
        awaited += entry.awaited ? 1 : 0;
        reaper.childStarted();
    }

    /** Called in the loop's thread for an exit that the reaper posted. */
    void exited(Exit exit) throws IOException {
        Entry entry = entries.remove(exit.pid());
        if (entry != null) {
            awaited -= entry.awaited ? 1 : 0;
            entry.callback.exited(exit);
            return;
        }
        log.debug("process exited (pid={}, {}), not in the table", exit.pid(), exit.description());
        if (expected > 0) {
            unclaimed.values().removeIf(u -> loop.since(u.since).compareTo(CLAIM_TIME) > 0);
            unclaimed.put(exit.pid(), new Unclaimed(exit, loop.nanoTime()));
        }
    }

    /** Stops the reaper. The remaining children stay children; the table forgets them. */
    @Override
    public void close() {
        reaper.stop();
    }
}
