package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.ProcessMemory;
import org.hgcmdserver.posix.UnixSocket;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker that the pool has requested from a template: from the request to the worker's end. */
final class ForkedWorker implements MessageLine.Receiver {

    /** The pool, which hears of the worker's life. */
    interface Listener {
        /** The worker can take a connection. */
        void idle(ForkedWorker worker) throws IOException;

        /** The worker has rehearsed. */
        void warm(ForkedWorker worker);

        /** The worker has found that its template is out of date. */
        void stale(ForkedWorker worker) throws IOException;

        /** A worker has not taken its connection, which follows with {@link #returned}. */
        void stuck(Worker worker);

        /**
         * The worker has no connection any more.
         *
         * @param untouched whether another worker can have the connection
         */
        void returned(ForkedWorker worker, Connection connection, boolean untouched);

        /** The worker has ended. */
        void gone(ForkedWorker worker) throws IOException;

        /**
         * The template has forked no worker.
         *
         * @param reason why the fork failed; null if the template was ending and did not try
         */
        void notForked(ForkedWorker worker, String reason) throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(ForkedWorker.class);

    // how often a worker gets more time to take its connection
    private static final int MOST_RUNNABLE = 20;
    private static final int MOST_WAITING = 4;

    private final Template template;
    private final Children children;
    private final WorkerTable table;
    private final Listener listener;
    private final WorkerLimits limits;
    private MessageLine line;

    /** The process id that the template has reported; 0 before. */
    private int forked;

    private Worker worker;
    private String failure;
    private boolean rehearsing;
    private boolean warm;
    private boolean unwanted;
    private int runnable;
    private int waiting;

    /** The connection that the worker has not taken, until another worker can have it. */
    private Connection returning;

    private ForkedWorker(
            Template template,
            Children children,
            WorkerTable table,
            WorkerLimits limits,
            Listener listener) {
        this.template = template;
        this.children = children;
        this.table = table;
        this.limits = limits;
        this.listener = listener;
    }

    /**
     * Requests a worker.
     *
     * @throws IOException if the template has gone
     */
    static ForkedWorker request(
            Template template,
            Children children,
            WorkerTable table,
            WorkerLimits limits,
            Listener listener)
            throws IOException {
        ForkedWorker worker = new ForkedWorker(template, children, table, limits, listener);
        worker.line = template.fork(worker);
        children.expect();
        limits.fork().begin(worker);
        return worker;
    }

    /**
     * Stops waiting for a worker that has not announced itself. If the template has reported the
     * worker's pid, that process is stuck: this method kills it, since it has no client.
     */
    void giveUp(Duration time) throws IOException {
        failure = "no worker within " + time.toSeconds() + " s";
        if (forked > 0 && Child.isChild(forked)) {
            log.warn("forked process (pid={}) is stuck; killing it", forked);
            Child.kill(forked);
        } else { // a worker that comes late reads the end of its line, and ends
            ended();
        }
    }

    Template template() {
        return template;
    }

    /** The worker's part of the memory that it uses, in bytes; 0 until it is idle. */
    long memory() {
        return worker == null ? 0 : ProcessMemory.pss(worker.pid());
    }

    boolean isIdle() {
        return worker != null;
    }

    /** Whether the worker is idle and has rehearsed. */
    boolean isWarm() {
        return warm;
    }

    /** Whether the worker is idle and neither rehearses nor has rehearsed. */
    boolean isCold() {
        return isIdle() && !rehearsing && !warm;
    }

    boolean isRehearsing() {
        return rehearsing;
    }

    /** Makes the worker rehearse, unless a connection arrives within a moment. */
    void rehearse() {
        rehearsing = true;
        line.send(TemplateProtocol.REHEARSE);
    }

    /**
     * Sends the worker a duplicate of the connection.
     *
     * @return the worker, as the table knows it
     * @throws IOException if the worker has just died; the connection is unharmed
     */
    Worker give(Connection connection) throws IOException {
        boolean chg = connection.peer().isChg();
        line.send(chg ? TemplateProtocol.CHG : TemplateProtocol.SERVE, connection.fd());
        limits.taking().begin(this);
        table.assign(worker, connection);
        return worker;
    }

    /**
     * Takes the connection back from a worker that has not received it: a stopped one, or one whose
     * rehearsal hangs. Two workers must not serve the connection, so this one is killed first. It
     * has no client yet.
     */
    void takeBack() throws IOException {
        if (!isUntaken()) {
            return;
        }
        if (mayJustBeSlow()) {
            limits.taking().begin(this);
            return;
        }
        log.warn("worker process (pid={}) does not take its connection; killing it", worker.pid());
        returning = table.takeBack(worker);
        Child.killGroup(worker.pid());
        listener.stuck(worker);
        limits.death().begin(this);
    }

    /**
     * Whether the message with the connection is still in the line. That it has gone costs the
     * worker and this process nothing, where a word of the worker's would slow each hello.
     */
    boolean isUntaken() {
        return worker.state() != Worker.State.EXITED && UnixSocket.hasUnread(line.fd());
    }

    /** It only needs a processor, or perhaps a disk. */
    private boolean mayJustBeSlow() {
        return Child.isRunnable(worker.pid()) && runnable++ < MOST_RUNNABLE
                || Child.waitsForDisk(worker.pid()) && waiting++ < MOST_WAITING;
    }

    /** The worker is dead, or runs no more even if the kernel cannot end it at once. */
    void giveBack() throws IOException {
        if (returning != null) {
            line.receiveRest();
        }
        if (returning == null) { // receiveRest may have met the end of the line
            return;
        }
        Connection connection = returning;
        returning = null;
        // a worker reads nothing of the client's before it has said hello
        boolean touched = UnixSocket.hasUnread(connection.fd());
        if (touched) { // it took the connection in the moment before it was killed
            table.refuse(connection, "its worker process hung, and was killed; try again");
        }
        listener.returned(this, connection, !touched);
    }

    /** Kills a retired worker that has not ended. */
    void killIfStillThere() {
        if (worker.state() != Worker.State.EXITED) {
            log.warn("worker process (pid={}) does not end; killing it", worker.pid());
            Child.killGroup(worker.pid());
        }
    }

    /** Retires the worker, which ends by itself after it has announced itself. */
    void retire() {
        unwanted = true;
        if (worker != null) {
            line.close();
            limits.end().begin(this);
        }
    }

    @Override
    public void received(byte[] bytes) throws IOException {
        TemplateProtocol.Message message = TemplateProtocol.Message.parse(bytes);
        switch (message.word()) {
            case FORKED -> forked = message.pid();
            case FAILED -> failure = message.text();
            case PID -> announced(message.pid());
            case WARM -> {
                rehearsing = false;
                warm = true;
                listener.warm(this);
            }
            case STALE -> listener.stale(this);
            case SEPARATE -> separate(message.bytes());
            default -> log.debug("worker process (pid={}): {}", forked, message.word());
        }
    }

    private void separate(String directory) {
        log.debug("worker process (pid={}) runs its command in a new process", worker.pid());
        if (!directory.isEmpty()) {
            template.preloaded().ifPresent(preloaded -> preloaded.exclude(directory));
        }
    }

    private void announced(int pid) throws IOException {
        limits.fork().end(this);
        worker = table.addExpected(pid);
        worker.reportsOver(line);
        if (unwanted) {
            line.close();
            limits.end().begin(this);
        } else {
            listener.idle(this);
        }
    }

    @Override
    public void ended() throws IOException {
        line.close();
        limits.fork().end(this);
        limits.taking().end(this);
        giveBack();
        if (worker == null) {
            children.unexpect();
        }
        if (unwanted) {
            return;
        }
        if (worker == null) {
            listener.notForked(this, failure);
        } else {
            listener.gone(this);
        }
    }
}
