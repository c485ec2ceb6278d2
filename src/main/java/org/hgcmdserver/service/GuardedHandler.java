package org.hgcmdserver.service;

import java.io.IOException;
import java.util.Optional;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.worker.CommandServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls a handler so that an exception of the handler ends one connection at most, and never the
 * service. Used in the loop's thread only.
 */
final class GuardedHandler {

    private static final Logger log = LoggerFactory.getLogger(GuardedHandler.class);

    /** The handler failed; the message is for the client. */
    static final class HandlerException extends Exception {

        private static final long serialVersionUID = 1;

        HandlerException(RuntimeException cause) {
            super("internal error: " + cause, cause);
        }
    }

    private final ServiceHandler handler;
    private final RefusalLog refusals;

    GuardedHandler(ServiceHandler handler, EventLoop loop) {
        this.handler = handler;
        refusals = new RefusalLog(loop, log::info);
    }

    /** As {@link ServiceHandler#refusal}; an exception of the handler refuses the client. */
    Optional<String> refusal(Peer peer) {
        try {
            Optional<String> refusal = handler.refusal(peer);
            refusal.ifPresent(reason -> refusals.refused(peer, reason));
            return refusal;
        } catch (RuntimeException e) {
            return Optional.of(failed(peer, e).getMessage());
        }
    }

    /** As {@link ServiceHandler#createCmdServer}. */
    CommandServer createCmdServer(Peer peer) throws HandlerException {
        try {
            return handler.createCmdServer(peer);
        } catch (RuntimeException e) {
            throw failed(peer, e);
        }
    }

    private static HandlerException failed(Peer peer, RuntimeException e) {
        log.error("the handler failed for {}", peer, e);
        return new HandlerException(e);
    }

    /** As {@link ServiceHandler#printBanner}. */
    void printBanner(String address) {
        try {
            handler.printBanner(address);
        } catch (RuntimeException e) {
            log.error("the handler failed to print its banner", e);
        }
    }

    void newConnection(Peer peer) {
        call(() -> handler.newConnection(peer));
    }

    void connectionEnded(Peer peer) {
        call(() -> handler.connectionEnded(peer));
    }

    private static void call(Runnable operation) {
        try {
            operation.run();
        } catch (RuntimeException e) {
            log.error("the handler failed", e);
        }
    }

    void unlinkSocket(Listener listener) {
        try {
            handler.unlinkSocket(listener);
        } catch (IOException | RuntimeException e) {
            log.warn("cannot remove the socket {}: {}", listener.address(), e.toString());
        }
    }
}
