package org.hgcmdserver.service;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.PosixException;
import org.hgcmdserver.posix.Signal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program that prepares a later start of the service, such as one that makes a class-data
 * archive. It runs once, in a quiet time, and is told to end when the service stops. Used in the
 * loop's thread only.
 */
final class QuietProgram {

    /**
     * The program takes seconds of a processor: a shorter pause could be one between two commands.
     */
    static final Duration QUIET = Duration.ofMinutes(5);

    private static final Logger log = LoggerFactory.getLogger(QuietProgram.class);

    private final Children children;
    private final List<String> command;
    private final QuietTime quiet;

    /** 0 while the program does not run. */
    private int pid;

    private boolean started;

    /**
     * @param command the absolute path of a program, and its arguments; empty if there is none
     */
    QuietProgram(EventLoop loop, Children children, List<String> command) {
        this.children = children;
        this.command = command;
        quiet = new QuietTime(loop, QUIET, this::start);
    }

    /**
     * Called once per poll interval.
     *
     * @param connections the number of connections so far
     * @param busy whether one of them is open
     */
    void look(long connections, boolean busy) {
        if (busy) {
            quiet.beginAnew();
        }
        quiet.look(connections);
    }

    private void start() {
        if (started || command.isEmpty()) {
            return;
        }
        started = true;
        try {
            pid = Child.spawn(command.get(0), command, Environment.inherited());
        } catch (PosixException e) {
            log.debug("the next start is not prepared: {}", e.getMessage());
            return;
        }
        children.add(
                pid,
                exit -> {
                    pid = 0;
                    log.debug(
                            "program for a quiet time (pid={}, {})",
                            exit.pid(),
                            exit.description());
                });
    }

    /** Ends the program: SIGTERM to its process group. */
    void stop() {
        started = true;
        if (pid != 0) {
            try {
                Child.signalGroup(pid, Signal.SIGTERM.number());
            } catch (IOException gone) {
                log.debug("{}", gone.getMessage());
            }
        }
    }
}
