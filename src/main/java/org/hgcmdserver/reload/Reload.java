package org.hgcmdserver.reload;

import java.io.IOException;
import java.time.Duration;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.host.Notifier;
import org.hgcmdserver.posix.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reload: the service goes on while the successor is checked; then it accepts no more
 * connections, every accepted connection gets its worker, and the successor takes over. Reload
 * requests in the meantime count as one. Used in the loop's thread only.
 */
public final class Reload {

    /** The service, as a reload uses it. */
    public interface Service {
        /** The program that takes over; null if the service cannot be reloaded at all. */
        Successor successor();

        /** Whether the service drains, or is about to drain. */
        boolean isStopping();

        /** A reload has begun. */
        void reloadBegins();

        /** The service goes on as before the reload. */
        void reloadFailed();

        /** The number of accepted connections that have no worker yet. */
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

    /** Whether this image accepts no connections, since the next image will. */
    public boolean isReplacing() {
        return state == State.REPLACING;
    }

    /** Cancels the reload, since the service stops. */
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
            log.warn("not reloading: this program cannot replace itself in its process");
        } else if (state != State.NONE) {
            again = true; // the result of the check may be out of date
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
            replaceOnceAllAreServed();
        }
    }

    private void replaceOnceAllAreServed() {
        if (state != State.REPLACING) {
            return;
        }
        if (again) {
            check();
            service.acceptPausedChanged();
            return;
        }
        if (service.waiting() > 0) {
            loop.after(LOOK_AGAIN, this::replaceOnceAllAreServed);
            return;
        }
        notifier.flush();
        if (service.isStopping()) {
            return; // exec would lose the signal just read: the drain cancels the reload
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
