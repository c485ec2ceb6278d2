package org.hgcmdserver.service;

import java.time.Duration;
import java.util.Optional;

/**
 * The settings of a service's life.
 *
 * @param pollInterval how often the service calls {@link ServiceHandler#shouldExit}; more than zero
 * @param maxWorkers how many connections are served at a time; others wait in the socket's queue
 * @param startTimeout how long a worker may take to say hello; no limit if empty
 * @param drain how the remaining connections end when the service stops
 * @param drainTimeout time after which {@link Drain#WAIT} becomes {@link Drain#FINISH}; never if
 *     empty
 * @param stopTimeout time after which a drain no longer waits for workers; never if empty
 */
public record ServiceConfig(
        Duration pollInterval,
        int maxWorkers,
        Optional<Duration> startTimeout,
        Drain drain,
        Optional<Duration> drainTimeout,
        Optional<Duration> stopTimeout) {}
