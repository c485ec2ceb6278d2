package org.hgcmdserver.service;

import java.time.Duration;
import java.util.Optional;

/**
 * The settings of a service's life.
 *
 * @param pollInterval how often {@link ServiceHandler#shouldExit} is asked; more than zero
 * @param maxWorkers how many connections are served at a time; more wait in the socket's queue
 * @param startTimeout how long a worker may take to say hello; any time if empty
 * @param drain how the connections that are left end when the service stops
 * @param drainTimeout after which {@link Drain#WAIT} becomes {@link Drain#FINISH}; never if empty
 * @param idleExit after which a service without a connection ends; never if empty
 */
public record ServiceConfig(
        Duration pollInterval,
        int maxWorkers,
        Optional<Duration> startTimeout,
        Drain drain,
        Optional<Duration> drainTimeout,
        Optional<Duration> idleExit) {}
