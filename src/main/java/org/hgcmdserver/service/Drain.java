package org.hgcmdserver.service;

/** How the remaining connections end when a service stops. Neither way kills a worker. */
public enum Drain {
    /** When the client closes the connection, as in Mercurial. */
    WAIT,
    /**
     * Between two requests: the worker answers the requests it has received, then the client sees
     * the end of the connection. A command that waits for the client's input aborts, and a request
     * that has arrived in part does not run.
     */
    FINISH
}
