package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.worker.Worker;
import org.hgcmdserver.worker.WorkerTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker that was asked of a template: from the asking, over its announcement, to its end. */
final class ForkedWorker implements MessageLine.Receiver {

    /** Is told what becomes of it. */
    interface Listener {
        /** It can be given a connection. */
        void idle(ForkedWorker worker) throws IOException;

        /** It has rehearsed. */
        void warm(ForkedWorker worker);

        /** It has found that its template is out of date. */
        void stale(ForkedWorker worker) throws IOException;

        /** It has ended. */
        void gone(ForkedWorker worker) throws IOException;

        /**
         * It will not come.
         *
         * @param reason of a fork that failed; null if it was not tried, since the template ends
         */
        void notForked(ForkedWorker worker, String reason) throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(ForkedWorker.class);

    private final Template template;
    private final Children children;
    private final WorkerTable table;
    private final Listener listener;
    private final MessageLine line;
    private final ForkLimit limit;

    /** The process id that the template has reported; 0 before. */
    private int forked;

    private Worker worker;
    private String failure;
    private boolean rehearsing;
    private boolean warm;
    private boolean unwanted;

    /**
     * Asks for it.
     *
     * @throws IOException if the template is not there to be asked
     */
    ForkedWorker(
            Template template,
            Children children,
            WorkerTable table,
            ForkLimit limit,
            Listener listener)
            throws IOException {
        this.children = children;
        this.template = template;
        this.table = table;
        this.listener = listener;
        line = template.fork(this);
        children.expect();
        this.limit = limit;
        limit.begin(this);
    }

    /**
     * Ends the wait for a worker that has not announced itself. A process that the template has
     * reported hangs, and is killed: it has no client. Its line ends with it.
     */
    void giveUp(Duration time) throws IOException {
        failure = "no worker within " + time.toSeconds() + " s";
        if (forked > 0 && Child.isChild(forked)) {
            log.warn("forked process (pid={}) is stuck; killing it", forked);
            Child.kill(forked);
        } else { // a late one reads the end of its line, and ends
            ended();
        }
    }

    Template template() {
        return template;
    }

    boolean isIdle() {
        return worker != null;
    }

    /** Idle, and has rehearsed. */
    boolean isWarm() {
        return warm;
    }

    /** Whether it could be told to rehearse. */
    boolean isCold() {
        return isIdle() && !rehearsing && !warm;
    }

    boolean isRehearsing() {
        return rehearsing;
    }

    /** Has it rehearse, unless it gets a connection within a moment. */
    void rehearse() {
        rehearsing = true;
        line.send(TemplateProtocol.REHEARSE);
    }

    /**
     * Hands the connection over; the worker has a duplicate of it then.
     *
     * @throws IOException if it has just died; the connection is unharmed
     */
    void give(Connection connection) throws IOException {
        line.send(TemplateProtocol.SERVE, connection.fd());
        table.assign(worker, connection);
    }

    /** Retires the worker: it ends by itself, once it is there. */
    void retire() {
        unwanted = true;
        if (worker != null) {
            line.close();
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
            default -> log.debug("worker process (pid={}): {}", forked, message.word());
        }
    }

    private void announced(int pid) throws IOException {
        limit.end(this);
        worker = table.addExpected(pid);
        worker.reportsOver(line);
        if (unwanted) {
            line.close();
        } else {
            listener.idle(this);
        }
    }

    @Override
    public void ended() throws IOException {
        line.close();
        limit.end(this);
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
