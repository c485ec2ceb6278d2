package org.hgcmdserver.host;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.hgcmdserver.posix.DatagramSender;
import org.hgcmdserver.posix.PosixException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The protocol of sd_notify(3). A separate thread sends: a send blocks when the service manager
 * does not read, and must not hold up connections. The thread sends changes that come while it
 * sends or rests as one message, and a status at most once a second, since each message wakes the
 * service manager.
 */
public final class SystemdNotifier implements Notifier {

    private static final Logger log = LoggerFactory.getLogger(SystemdNotifier.class);
    private static final int SUN_PATH_SIZE = 108; // unix(7)
    private static final String RELOADING = "RELOADING=1";
    private static final long STATUS_INTERVAL_NANOS = 1_000_000_000L;
    private static final long CLOSE_TIMEOUT_MILLIS = 1_000;

    private final List<String> states = new ArrayList<>(); // guarded by this, like all that follows
    private String status;
    private String lastStatus;
    private long statusSentAt;
    private boolean closed;
    private boolean broken;
    private final Thread sender = new Thread(this::run, "notifier");

    private boolean sending;
    private final byte[] socket;

    /** Null until the first message; the sending thread makes it and alone uses it. */
    private DatagramSender manager;

    private final Optional<Duration> watchdogInterval;
    private final LongSupplier clock;

    private SystemdNotifier(
            byte[] socket, Optional<Duration> watchdogInterval, LongSupplier clock) {
        this.clock = clock;
        statusSentAt = clock.getAsLong() - STATUS_INTERVAL_NANOS;
        this.socket = socket;
        this.watchdogInterval = watchdogInterval;
        sender.setDaemon(true);
        sender.start();
    }

    /**
     * The notifier that the environment asks for: NONE without NOTIFY_SOCKET.
     *
     * @param socket the bytes of NOTIFY_SOCKET: the path of a socket, or "@" and an abstract name;
     *     null or empty if the variable is not set
     * @param clock CLOCK_MONOTONIC in nanoseconds, called by the loop's and the sender's thread
     */
    public static Notifier fromEnvironment(
            byte[] socket, Map<String, String> environment, LongSupplier clock) {
        if (socket == null || socket.length == 0) {
            return NONE;
        }
        if (socket[0] != '/' && socket[0] != '@') { // as in sd_notify(3): EAFNOSUPPORT
            warn("NOTIFY_SOCKET is neither a path nor an abstract name");
            return NONE;
        }
        if (socket.length > (socket[0] == '@' ? SUN_PATH_SIZE : SUN_PATH_SIZE - 1)) { // and a NUL
            warn("NOTIFY_SOCKET is too long: %d bytes".formatted(socket.length));
            return NONE;
        }
        return new SystemdNotifier(socket, watchdogInterval(environment), clock);
    }

    /** sd_watchdog_enabled(3): a watchdog meant for another process does not count. */
    private static Optional<Duration> watchdogInterval(Map<String, String> environment) {
        String micros = environment.getOrDefault("WATCHDOG_USEC", "");
        String pid = environment.get("WATCHDOG_PID");
        if (pid != null && !pid.equals(String.valueOf(ProcessHandle.current().pid()))) {
            return Optional.empty();
        }
        if (!micros.matches("[1-9]\\d{0,15}")) {
            if (!micros.isEmpty()) {
                log.warn("WATCHDOG_USEC is \"{}\", not a time in microseconds: ignored", micros);
            }
            return Optional.empty();
        }
        return Optional.of(Duration.of(Long.parseLong(micros), ChronoUnit.MICROS));
    }

    @Override
    public synchronized void ready() {
        add("READY=1");
    }

    @Override
    public synchronized void reloading() {
        // sd_notify(3) wants CLOCK_MONOTONIC
        add("MONOTONIC_USEC=" + clock.getAsLong() / 1000);
        add(RELOADING);
    }

    @Override
    public Optional<Duration> watchdogInterval() {
        return watchdogInterval;
    }

    @Override
    public synchronized void watchdog() {
        add("WATCHDOG=1");
    }

    @Override
    public synchronized void extendTimeout(Duration time) {
        add("EXTEND_TIMEOUT_USEC=" + time.toNanos() / 1000);
    }

    private void add(String state) {
        states.remove(state); // the list must not grow without end while a send blocks
        states.add(state);
        notifyAll();
    }

    @Override
    public synchronized void status(String text) {
        if (!text.equals(lastStatus)) {
            status = text;
            lastStatus = text;
            notifyAll();
        }
    }

    @Override
    public synchronized void stopping() {
        add("STOPPING=1");
    }

    @Override
    public synchronized void flush() {
        long until = clock.getAsLong() + CLOSE_TIMEOUT_MILLIS * 1_000_000;
        try {
            for (long left = 1; (sending || !states.isEmpty()) && left > 0; ) {
                left = (until - clock.getAsLong()) / 1_000_000;
                wait(Math.max(1, left));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            sender.join(CLOSE_TIMEOUT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            for (String message = next(); message != null; message = next()) {
                send(message);
            }
        } catch (InterruptedException e) {
            // no code interrupts this thread; an interrupt would end it
        }
    }

    /** Waits for the next message to send; null after the last one. */
    private synchronized String next() throws InterruptedException {
        sending = false;
        notifyAll();
        while (states.isEmpty() && !(closed || isStatusDue())) {
            if (status == null) {
                wait();
            } else {
                wait(Math.max(1, nanosToStatus() / 1_000_000));
            }
        }
        if (status != null) {
            states.add("STATUS=" + status);
            status = null;
            statusSentAt = clock.getAsLong();
        }
        // "reloading" and the "ready" after it must be two messages, or their order gets lost
        int end = 1 + states.indexOf(RELOADING);
        List<String> next = states.subList(0, end == 0 ? states.size() : end);
        String message = String.join("\n", next);
        next.clear();
        sending = true;
        return message.isEmpty() ? null : message;
    }

    private boolean isStatusDue() {
        return status != null && nanosToStatus() <= 0;
    }

    private long nanosToStatus() {
        return statusSentAt + STATUS_INTERVAL_NANOS - clock.getAsLong();
    }

    private void send(String message) {
        try {
            sendOne(message.getBytes(StandardCharsets.UTF_8));
            broken = false;
        } catch (PosixException e) {
            if (!broken) { // keep trying: the watchdog would kill a silent service
                warn(e.getMessage());
            }
            broken = true;
        }
    }

    /** The socket stays open, so that the notifier has one when no descriptors are left. */
    private void sendOne(byte[] message) throws PosixException {
        if (manager == null) {
            manager = DatagramSender.to(socket);
        }
        manager.send(message);
    }

    private static void warn(String reason) {
        log.warn("cannot notify the service manager, going on without: {}", reason);
    }
}
