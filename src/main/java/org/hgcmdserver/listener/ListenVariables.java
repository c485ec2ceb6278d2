package org.hgcmdserver.listener;

import java.util.Map;
import java.util.Optional;

/** The variables in which systemd says which sockets it passes (sd_listen_fds(3)). */
final class ListenVariables {

    private ListenVariables() {}

    /**
     * The name of the one socket that was passed.
     *
     * @param pid this process's id: variables for another process do not count
     * @return empty if no socket was passed to this process
     * @throws ListenException if systemd did not pass exactly one socket
     */
    static Optional<String> nameOfSocket(Map<String, String> environment, long pid)
            throws ListenException {
        if (!String.valueOf(pid).equals(environment.get("LISTEN_PID"))) {
            return Optional.empty();
        }
        String count = environment.getOrDefault("LISTEN_FDS", "");
        if (!count.equals("1")) {
            throw new ListenException(
                    "LISTEN_FDS is \"%s\", but this service takes exactly one socket; give the socket unit one ListenStream="
                            .formatted(count));
        }
        return Optional.of(environment.getOrDefault("LISTEN_FDNAMES", "unknown"));
    }
}
