package org.hgcmdserver.worker.prefork;

import java.util.List;
import org.hgcmdserver.listener.Connection;

/** Serves the connections that a pool cannot serve. */
interface PoolFallback {
    /** Serves a connection now, or as soon as a worker can be started for it. */
    void serveWithoutPool(Connection connection);

    /** Gives back the connections that have no worker yet, the oldest first. */
    List<Connection> reclaim();

    /** The pool has no template, for now at least. */
    void templateFailed();
}
