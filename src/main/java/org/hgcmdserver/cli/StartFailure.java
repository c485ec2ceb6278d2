package org.hgcmdserver.cli;

import java.io.IOException;
import java.util.Optional;
import org.hgcmdserver.listener.InheritedListener;
import org.hgcmdserver.listener.LaunchdListener;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.worker.Refusal;

/**
 * A start of {@code serve} that fails while clients wait at a socket of the service manager's.
 * Without an answer they would wait for as long as the manager starts the service again, for each
 * of them, and then for ever.
 */
final class StartFailure {

    private StartFailure() {}

    /**
     * Tells each client in the queue of an inherited socket why the service does not start.
     *
     * @param status the exit status that the failure has without such a socket
     * @return the exit status: with such a socket {@link ExitStatus#CONFIG}, for which the units
     *     start the service again only when the next client comes
     */
    static int tellQueuedClients(String reason, int status) {
        try {
            Optional<Listener> inherited =
                    InheritedListener.fromEnvironment(
                            System.getenv(), ProcessHandle.current().pid());
            inherited = inherited.isPresent() ? inherited : LaunchdListener.activate();
            if (inherited.isEmpty()) {
                return status;
            }
            Listener listener = inherited.get();
            Refusal.tellQueued(listener, "the service cannot start: " + reason);
            listener.release();
            return ExitStatus.CONFIG;
        } catch (IOException | RuntimeException e) { // the service has already closed the socket
            return status;
        }
    }
}
