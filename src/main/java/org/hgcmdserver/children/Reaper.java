package org.hgcmdserver.children;

import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.PosixException;

/**
 * The only place that waits for children: a thread that blocks in waitpid(2) for any child, so that
 * no child stays a zombie whatever its process group, and passes each exit on. A SIGCHLD handler,
 * which Mercurial uses, belongs to the JVM and takes twice as long.
 */
final class Reaper {

    private final Consumer<Exit> onExit;
    private final Consumer<PosixException> onFailure;
    private final Semaphore childrenStarted = new Semaphore(0);
    private volatile boolean stopped;

    /**
     * @param onExit called in the reaper's thread for each exit
     * @param onFailure called in the reaper's thread when the reaper can no longer wait
     */
    Reaper(Consumer<Exit> onExit, Consumer<PosixException> onFailure) {
        this.onExit = onExit;
        this.onFailure = onFailure;
    }

    void start() {
        Thread thread = new Thread(this::run, "reaper");
        thread.setDaemon(true); // waitpid cannot be interrupted, and must not delay the exit
        thread.start();
    }

    /** A child has been started; called by the thread that started the child. */
    void childStarted() {
        childrenStarted.release();
    }

    void stop() {
        stopped = true;
        childrenStarted.release();
    }

    private void run() {
        while (!stopped) {
            try {
                Exit exit = Child.waitForAny();
                if (exit == null) {
                    // without children waitpid returns at once. A child started since
                    // then has left a permit, so the reaper cannot oversleep it.
                    childrenStarted.acquireUninterruptibly();
                    childrenStarted.drainPermits();
                } else {
                    onExit.accept(exit);
                }
            } catch (PosixException e) {
                onFailure.accept(e);
                return;
            }
        }
    }
}
