package org.hgcmdserver.service;

/** How the connections that are left end when a service stops. Nobody is killed either way. */
public enum Drain {
    /** When their clients leave, as in Mercurial. */
    WAIT,
    /**
     * Between two requests: what has been asked is answered, then the client sees the end of the
     * connection. A command that waits for the client's input aborts, and a request that has
     * arrived in part does not run.
     */
    FINISH
}
