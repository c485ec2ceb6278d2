package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.hgcmdserver.posix.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a template for a pool. Another template replaces one that could not start, was not ready in
 * time or has died, after a back-off, and one that the pool has found stale or stuck ({@link
 * #replace}). Used in the loop's thread only.
 */
final class TemplateKeeper implements Template.Listener {

    /** Starts a template. */
    interface Starter {
        Template start(Template.Listener listener) throws IOException;

        /** What the log says behind "workers" about those of the templates. */
        default String purpose() {
            return "";
        }
    }

    /** The pool. */
    interface Owner {
        /** The pool can fork workers from a template. */
        void templateReady();

        /** The template has ended, or its start has failed; another attempt follows. */
        void templateFailed();
    }

    private static final Logger log = LoggerFactory.getLogger(TemplateKeeper.class);

    private final Starter starter;
    private final Owner owner;
    private final RestartBackoff restartBackoff = new RestartBackoff();
    private final EventLoop.Timer restart;

    /** The template to fork from; null while there is none. */
    private Template template;

    /** Whether the keeper starts no more templates. */
    private boolean last;

    /** Whether the template is to start with {@link #wake}. */
    private boolean resting;

    /** Whether the template's workers rehearse, as far as the keeper knows. */
    private boolean rehearsing = true;

    private String lastFailure = "";

    /** The missing parts that the log has reported. */
    private final Set<String> missingParts = new HashSet<>();

    TemplateKeeper(EventLoop loop, Starter starter, Owner owner) {
        this.starter = starter;
        this.owner = owner;
        restart = loop.timer(this::start);
    }

    void start() {
        if (last) {
            return;
        }
        rehearsing = true;
        try {
            template = starter.start(this);
        } catch (IOException e) {
            failed(e.getMessage());
        }
    }

    /** Whether there is a template that can fork workers. */
    boolean isReady() {
        return template != null && template.isReady();
    }

    /** Whether there is a template that is not ready. */
    boolean isStarting() {
        return template != null && !template.isReady();
    }

    /** Whether no template since the last start has reported workers without rehearsals. */
    boolean isRehearsing() {
        return rehearsing;
    }

    /** The template to fork from; null while there is none. */
    Template template() {
        return template;
    }

    /** The configuration that the template has loaded; empty if none. */
    Optional<Preloaded> preloaded() {
        return isReady() ? template.preloaded() : Optional.empty();
    }

    /** The memory of the template, in bytes; 0 while there is none. */
    long memory() {
        return template == null ? 0 : template.memory();
    }

    /** Closes the template, and starts another: at once if the old one has lived long enough. */
    void replace() {
        Template old = template;
        template = null;
        old.close();
        restart.start(restartBackoff.after(old.age()));
    }

    /**
     * Ends a template that has been ready for as long as a pool goes unused, until {@link #wake}.
     */
    void rest() {
        if (isReady() && template.age().compareTo(PoolSize.UNUSED) >= 0) {
            log.debug("workers{} are not wanted: ending the warm Mercurial", starter.purpose());
            Template old = template;
            template = null;
            resting = true;
            old.close();
        }
    }

    /** Starts a template if the keeper rests. */
    void wake() {
        if (resting) {
            resting = false;
            start();
        }
    }

    /** Starts no more templates; the present template stays. */
    void startNoMore() {
        last = true;
        restart.cancel();
    }

    /** Closes the template. */
    void close() {
        if (template != null) {
            template.close();
        }
    }

    @Override
    public void ready(Template ready) {
        log.info("workers{} are forked ahead from a warm Mercurial", starter.purpose());
        lastFailure = "";
        owner.templateReady();
    }

    @Override
    public void without(String missing) {
        if (missing.startsWith(Template.REHEARSALS + ":")) {
            rehearsing = false;
        }
        if (missingParts.add(missing)) {
            log.warn("workers{} are forked without {}", starter.purpose(), missing);
        }
    }

    @Override
    public void ended(Template ended, String reason) {
        if (ended == template && reason != null) {
            failed(reason);
        }
    }

    private void failed(String reason) {
        Duration lived = template == null ? Duration.ZERO : template.age();
        template = null;
        String message =
                "no warm Mercurial to fork workers"
                        + starter.purpose()
                        + " from: {}; starting hg for each connection";
        if (reason.equals(lastFailure)) {
            log.debug(message, reason);
        } else {
            log.warn(message, reason);
        }
        lastFailure = reason;
        restart.start(restartBackoff.after(lived));
        owner.templateFailed();
    }
}
