package org.hgcmdserver.service;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.worker.CommandServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The default handler: every connection gets the same plain command server. */
public class CommandServerHandler implements ServiceHandler {

    private static final Logger log = LoggerFactory.getLogger(CommandServerHandler.class);

    /** Makes the listening socket for an address. */
    public interface Binder {
        Listener bind(Path address) throws IOException;
    }

    private final Binder binder;
    private final CommandServer server;
    private final Duration pollInterval;
    private final int maxWorkers;

    public CommandServerHandler(
            Binder binder, CommandServer server, Duration pollInterval, int maxWorkers) {
        this.binder = binder;
        this.server = server;
        this.pollInterval = pollInterval;
        this.maxWorkers = maxWorkers;
    }

    @Override
    public int maxWorkers() {
        return maxWorkers;
    }

    @Override
    public Duration pollInterval() {
        return pollInterval;
    }

    @Override
    public Listener bindSocket(Path address) throws IOException {
        return binder.bind(address);
    }

    @Override
    public void printBanner(String address) {
        log.info("listening at {}", address);
    }

    @Override
    public CommandServer createCmdServer(Peer peer) {
        return server;
    }
}
