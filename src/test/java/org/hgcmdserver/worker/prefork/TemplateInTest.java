package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.SocketEnd;
import org.hgcmdserver.posix.SocketPair;

/** A template without a process: the test decides when it is ready, and plays its workers. */
final class TemplateInTest implements Template {

    private final EventLoop loop;
    private final Listener listener;
    private long readyAt;
    private boolean ready;
    private boolean closed;
    long memory;
    Preloaded preloaded;

    /** The workers' ends of the lines of the workers that the pool has asked for. */
    final List<SocketEnd> asked = new ArrayList<>();

    TemplateInTest(EventLoop loop, Listener listener) {
        this.loop = loop;
        this.listener = listener;
    }

    void becomeReady() throws IOException {
        ready = true;
        readyAt = loop.nanoTime();
        listener.ready(this);
    }

    void reportMissing(String part) {
        listener.without(part);
    }

    /** The template has died, as its exit would tell. */
    void die(String reason) throws IOException {
        closed = true;
        listener.ended(this, reason);
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public boolean isReady() {
        return ready && !closed;
    }

    @Override
    public Optional<Preloaded> preloaded() {
        return Optional.ofNullable(preloaded);
    }

    @Override
    public Duration age() {
        return ready ? loop.since(readyAt) : Duration.ZERO;
    }

    @Override
    public long memory() {
        return memory;
    }

    @Override
    public MessageLine fork(MessageLine.Receiver receiver) throws IOException {
        SocketPair ends = SocketPair.open();
        asked.add(new SocketEnd(ends.there()));
        return new MessageLine(loop, ends.here(), receiver);
    }

    @Override
    public void close() {
        closed = true;
    }
}
