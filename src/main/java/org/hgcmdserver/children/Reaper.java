package org.hgcmdserver.children;

import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.PosixException;

/**
 * The one place that waits for children: a thread that blocks in waitpid(2) for any child, so that
 * none stays a zombie whatever its process group, and hands each exit on. A SIGCHLD handler, which
 * Mercurial uses, is the JVM's to install and takes twice as long.
 */
final class Reaper {

    private final Consumer<Exit> onExit;
    private final Consumer<PosixException> onFailure;
    private final Semaphore childrenStarted = new Semaphore(0);
    private volatile boolean stopped;

    /**
     * @param onExit called in the reaper's thread for each exit
     * @param onFailure called in the reaper's thread when it cannot wait any more
     */
    Reaper(Consumer<Exit> onExit, Consumer<PosixException> onFailure) {
        this.onExit = onExit;
        this.onFailure = onFailure;
    }

    void start() {
        Thread thread = new Thread(this::run, "reaper");
        thread.setDaemon(true); // in waitpid it cannot be interrupted, and must not hold the exit
        thread.start();
    }

    /** There is a child to wait for; called by the thread that started it. */
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
                    // without children waitpid returns at once. One that was started since has left
                    // a permit, so it cannot be slept over.
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
