package org.hgcmdserver.service;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.posix.Users;
import org.hgcmdserver.worker.Worker;

/** What the log says about a worker that a drain leaves behind. */
final class RemainingWorker {

    /** Each user is looked up once, since a user database may take seconds to answer. */
    private static final Map<Long, String> NAMES = new HashMap<>();

    private RemainingWorker() {}

    /**
     * One line: the worker, its client, how long it has its connection, and what it waits for, as
     * far as the kernel tells.
     *
     * @param worker one that has a connection
     */
    static String describe(Worker worker, Duration age) {
        Peer peer = worker.peer();
        String client =
                peer.uid() < 0 ? "an unknown user" : NAMES.computeIfAbsent(peer.uid(), Users::name);
        return "worker process (pid=%d) for %s (pid=%d), since %s: %s"
                .formatted(worker.pid(), client, peer.pid(), StatusText.text(age), wait(worker));
    }

    private static String wait(Worker worker) {
        if (worker.state() == Worker.State.STARTING) {
            return "has not said hello";
        }
        if (UnixSocket.hasUnread(worker.connection().fd())) {
            return "its client does not read the output";
        }
        List<String> programs = Child.programsOf(worker.pid());
        return programs.isEmpty()
                ? "runs a command, or waits for its client"
                : "waits for " + String.join(", ", programs);
    }
}
