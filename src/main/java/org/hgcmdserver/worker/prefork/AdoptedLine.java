package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.worker.Worker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The line of a busy worker that a template of an earlier image has forked: after a reload the
 * worker's reports still have a reader. A stale template is no longer of interest, since this image
 * has started its own template.
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
     * @throws IOException if the loop cannot listen to {@code end}, which this method closes then
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
