package org.hgcmdserver.worker;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is alive and in which state. Used in the loop's thread only: a worker is entered in the same
 * turn in which it is started, and exits are posted to the loop, so that no exit can overtake its
 * entry.
 */
public final class WorkerTable {

    /** Is told when a worker is gone. */
    public interface ExitListener {
        void exited(Worker worker, Exit exit) throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(WorkerTable.class);

    private final Map<Integer, Worker> byPid = new LinkedHashMap<>();
    private final List<ExitListener> exitListeners = new ArrayList<>();
    private final Reaper reaper;

    /** Starts the reaper. */
    public WorkerTable(EventLoop loop) {
        reaper = new Reaper(exit -> loop.post(() -> remove(exit)));
        reaper.start();
    }

    public void onExit(ExitListener listener) {
        exitListeners.add(listener);
    }

    /** Enters a worker that was just started. */
    public Worker add(int pid, Peer peer) {
        Worker worker = new Worker(pid, peer);
        byPid.put(pid, worker);
        reaper.childStarted();
        log.debug("forked worker process (pid={}) for {}", pid, peer);
        return worker;
    }

    /** Its client has read the hello. */
    void saidHello(Worker worker) {
        if (worker.state() == Worker.State.STARTING) {
            worker.enter(Worker.State.SERVING);
        }
    }

    public int size() {
        return byPid.size();
    }

    public boolean isEmpty() {
        return byPid.isEmpty();
    }

    /** The workers in the order of their start. */
    public Collection<Worker> workers() {
        return List.copyOf(byPid.values());
    }

    private void remove(Exit exit) throws IOException {
        Worker worker = byPid.remove(exit.pid());
        if (worker == null) {
            log.debug("process exited (pid={}, {}), not a worker", exit.pid(), exit.description());
            return;
        }
        worker.enter(Worker.State.EXITED);
        if (exit.bySignal()) {
            log.warn("worker process (pid={}) was {}", exit.pid(), exit.description());
        } else {
            log.debug("worker process exited (pid={}, {})", exit.pid(), exit.description());
        }
        for (ExitListener listener : exitListeners) {
            listener.exited(worker, exit);
        }
    }

    /**
     * Ends the reaper. Children that are left stay children, and nobody waits for them any more.
     */
    public void close() {
        reaper.stop();
    }
}
