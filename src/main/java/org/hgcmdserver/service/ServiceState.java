package org.hgcmdserver.service;

/** The life of a service; {@link ForkingService} makes the transitions. */
public enum ServiceState {
    STARTING,
    /** The service accepts connections. */
    SERVING,
    /** The service accepts no more connections, and waits for its workers. */
    DRAINING,
    STOPPED
}
