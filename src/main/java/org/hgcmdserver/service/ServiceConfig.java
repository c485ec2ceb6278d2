package org.hgcmdserver.service;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The settings of a service's life.
 *
 * @param pollInterval how often the service calls {@link ServiceHandler#shouldExit}; more than zero
 * @param maxWorkers how many connections are served at a time; others wait
 * @param limits how long the service waits for others
 * @param ending how the service ends
 * @param quietProgram a program that prepares a later start, with its arguments; it runs once, in a
 *     quiet time; empty if there is none
 */
public record ServiceConfig(
        Duration pollInterval,
        int maxWorkers,
        Limits limits,
        Ending ending,
        List<String> quietProgram) {

    /**
     * How long a service waits for others; no limit where empty.
     *
     * @param start how long a worker may take to say hello
     * @param orphan how long a command goes on without its client
     * @param stall how long a client may leave its worker's output unread
     */
    public record Limits(
            Optional<Duration> start, Optional<Duration> orphan, Optional<Duration> stall) {

        public static final Limits NONE =
                new Limits(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * How a service ends.
     *
     * @param drain how the remaining connections end
     * @param drainTimeout time after which {@link Drain#WAIT} becomes {@link Drain#FINISH}; never
     *     if empty
     * @param stopTimeout time after which a drain no longer waits for workers; never if empty
     */
    public record Ending(
            Drain drain, Optional<Duration> drainTimeout, Optional<Duration> stopTimeout) {

        /** Waits for all clients to leave. */
        public static final Ending WHEN_ALL_HAVE_LEFT =
                new Ending(Drain.WAIT, Optional.empty(), Optional.empty());
    }
}
