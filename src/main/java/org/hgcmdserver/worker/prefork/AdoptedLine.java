package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.worker.Worker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The line of a busy worker that a template of an earlier image has forked. The worker finds a
 * reader for its reports after a reload as before; that its template is stale is no news, since
 * this image has started a template of its own.
 */
final class AdoptedLine implements MessageLine.Receiver {

    private static final Logger log = LoggerFactory.getLogger(AdoptedLine.class);

    private final Worker worker;
    private final MessageLine line;

    private AdoptedLine(EventLoop loop, Worker worker, OwnedDescriptor end) throws IOException {
        this.worker = worker;
        line = new MessageLine(loop, end, this);
        worker.reportsOver(line);
    }

    /**
     * Takes {@code end} over.
     *
     * @throws IOException if the loop cannot listen to it; it is closed then
     */
    static void open(EventLoop loop, Worker worker, OwnedDescriptor end) throws IOException {
        try (end) {
            new AdoptedLine(loop, worker, end);
        }
    }

    @Override
    public void received(byte[] bytes) {
        TemplateProtocol.Message message = TemplateProtocol.Message.parse(bytes);
        log.debug("worker process (pid={}) of an earlier image: {}", worker.pid(), message.word());
    }

    @Override
    public void ended() {
        line.close();
    }
}
