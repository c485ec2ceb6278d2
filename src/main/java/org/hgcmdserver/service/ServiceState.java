package org.hgcmdserver.service;

/** The life of a service; {@link ForkingService} makes the transitions. */
public enum ServiceState {
    STARTING,
    /** The service accepts connections. */
    SERVING,
    /** As {@link #SERVING}, while the successor is checked and until it takes over. */
    RELOADING,
    /** The service accepts no more connections, and waits for its workers. */
    DRAINING,
    STOPPED
}
