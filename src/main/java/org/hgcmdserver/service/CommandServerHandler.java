package org.hgcmdserver.service;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.Ticker;
import org.hgcmdserver.posix.Users;
import org.hgcmdserver.reload.Successor;
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

    /**
     * Who may connect, and how many connections each user may have.
     *
     * @param rules for a socket that this process bound
     * @param rulesIfInherited for a socket from the service manager; empty if the socket's
     *     permissions decide
     */
    public record Admission(
            AccessRules rules, Optional<AccessRules> rulesIfInherited, int maxWorkersPerUser) {}

    private final Binder binder;
    private final Supplier<CommandServer> server;
    private final Optional<Duration> idleLimit;
    private final Admission admission;
    private final ConnectionsPerUser perUser;
    private Listener listener;
    private Optional<AccessRules> rules = Optional.empty();
    private final Successor successor;
    private final Optional<IdleExit> idleExit;

    /**
     * @param server called for each connection
     * @param idleLimit how long a service without connections runs before it ends; no limit if
     *     empty
     * @param successor for reloads; null if the service cannot reload
     */
    public CommandServerHandler(
            Binder binder,
            Supplier<CommandServer> server,
            Optional<Duration> idleLimit,
            Admission admission,
            Successor successor,
            Ticker ticker) {
        this.binder = binder;
        this.server = server;
        this.idleLimit = idleLimit;
        this.admission = admission;
        perUser = new ConnectionsPerUser(admission.maxWorkersPerUser());
        this.successor = successor;
        idleExit = idleLimit.map(limit -> new IdleExit(limit, ticker));
    }

    @Override
    public Listener bindSocket(Path address) throws IOException {
        listener = binder.bind(address);
        rules =
                listener.isInherited()
                        ? admission.rulesIfInherited()
                        : Optional.of(admission.rules());
        log.info(
                "who may connect: {}",
                rules.map(AccessRules::toString).orElse(listener.permissions()));
        return listener;
    }

    @Override
    public void printBanner(String address) {
        idleExit.ifPresent(IdleExit::begin);
        log.info("listening at {}", address);
    }

    @Override
    public Optional<String> refusal(Peer peer) {
        if (rules.isPresent() && !rules.get().permit(peer)) {
            return Optional.of(
                    "access denied: %s is not among those who may connect"
                            .formatted(Users.nameAndId(peer.uid())));
        }
        if (!perUser.hasRoom(peer.uid())) {
            return Optional.of(
                    "%s has %d connections, as many as one user may have (--max-workers-per-user)"
                            .formatted(Users.nameAndId(peer.uid()), admission.maxWorkersPerUser()));
        }
        return Optional.empty();
    }

    @Override
    public void newConnection(Peer peer) {
        perUser.began(peer.uid());
        idleExit.ifPresent(IdleExit::connectionBegan);
    }

    @Override
    public void connectionEnded(Peer peer) {
        perUser.ended(peer.uid());
        idleExit.ifPresent(IdleExit::connectionEnded);
    }

    @Override
    public boolean shouldExit() {
        if (listener.isLost()) {
            // as chgunixservicehandler.shouldexit: serve the present clients, leave the path alone
            log.warn(
                    "{} is not this server's any more: ending once all connections have ended",
                    listener.address());
            return true;
        }
        boolean due = idleExit.isPresent() && idleExit.get().isDue();
        if (due) {
            log.info("no connection for {} s", idleLimit.get().toMillis() / 1000.0);
        }
        return due;
    }

    @Override
    public Successor successor() {
        return successor;
    }

    @Override
    public CommandServer createCmdServer(Peer peer) {
        return server.get();
    }
}
