package org.hgcmdserver.reload;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.posix.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reload: the successor is checked while the service goes on, then no more connections are
 * accepted, those that are have their workers, and the successor takes over. Requests in the
 * meantime are one. Used in the loop's thread only.
 */
public final class Reload {

    /** What a reload asks of its service. */
    public interface Service {
        /** Null while it cannot be reloaded, for good. */
        Successor successor();

        /** Whether the service drains, or is about to. */
        boolean isStopping();

        /** A reload has begun. */
        void reloadBegins();

        /** The service goes on as before the reload. */
        void reloadFailed();

        /** The connections that have been accepted and have no worker yet. */
        int waiting();

        void acceptPausedChanged();

        Handover handover() throws IOException;
    }

    private enum State {
        NONE,
        CHECKING,
        REPLACING
    }

    private static final Logger log = LoggerFactory.getLogger(Reload.class);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);

    private final EventLoop loop;
    private final Children children;
    private final Notifier notifier;
    private final Service service;
    private State state = State.NONE;
    private boolean again;

    public Reload(EventLoop loop, Children children, Notifier notifier, Service service) {
        this.loop = loop;
        this.children = children;
        this.notifier = notifier;
        this.service = service;
    }

    /** Whether no connection is to be accepted, since the next image will. */
    public boolean isReplacing() {
        return state == State.REPLACING;
    }

    /** The service stops. */
    public void cancel() {
        if (state != State.NONE) {
            log.warn("not reloading: the service is stopping");
            state = State.NONE;
            service.successor().stopChecking();
        }
    }

    public void request() {
        if (service.isStopping()) {
            log.warn("not reloading: the service is stopping");
        } else if (service.successor() == null) {
            log.warn("not reloading: this program cannot be replaced in its place");
        } else if (state != State.NONE) {
            again = true; // what was checked, or is, may have changed since
        } else {
            log.info("reloading");
            service.reloadBegins();
            notifier.reloading();
            check();
        }
    }

    private void check() {
        state = State.CHECKING;
        again = false;
        try {
            service.successor().check(loop, children, this::checked);
        } catch (IOException e) {
            refuse(e.getMessage());
        }
    }

    private void checked(String problem) {
        if (state != State.CHECKING) {
            return;
        }
        if (again) {
            check();
        } else if (problem != null) {
            refuse(problem);
        } else {
            state = State.REPLACING;
            service.acceptPausedChanged();
            replaceWhenNobodyWaits();
        }
    }

    private void replaceWhenNobodyWaits() {
        if (state != State.REPLACING) {
            return;
        }
        if (again) {
            check();
            service.acceptPausedChanged();
            return;
        }
        if (service.waiting() > 0) {
            loop.after(LOOK_AGAIN, this::replaceWhenNobodyWaits);
            return;
        }
        notifier.flush();
        if (service.isStopping()) {
            return; // a signal that has been read is lost with this image: the drain cancels this
        }
        try {
            service.successor().replace(service.handover());
        } catch (IOException e) {
            refuse(e.getMessage());
        }
    }

    private void refuse(String reason) {
        log.warn("not reloading, going on as before: {}", reason);
        state = State.NONE;
        service.reloadFailed();
        service.acceptPausedChanged();
        notifier.ready();
        notifier.status("Reload failed, going on as before: " + reason);
    }
}
