package org.hgcmdserver.host;

import info.faljse.SDNotify.SDNotify;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * sd_notify(3) by SDNotify. A thread of its own does the sending: a service manager that does not
 * read makes a send block, and that must not hold up connections. What changes while it sends or
 * rests is sent as one message, and a status at most once a second, since each wakes the service
 * manager.
 */
public final class SystemdNotifier implements Notifier {

    private static final Logger log = LoggerFactory.getLogger(SystemdNotifier.class);
    private static final long STATUS_INTERVAL_NANOS = 1_000_000_000L;
    private static final long CLOSE_TIMEOUT_MILLIS = 1_000;

    private final List<String> states = new ArrayList<>(); // guarded by this, like all that follows
    private String status;
    private long statusSentAt = System.nanoTime() - STATUS_INTERVAL_NANOS;
    private boolean closed;
    private boolean broken;
    private final Thread sender = new Thread(this::run, "notifier");

    private SystemdNotifier() {
        sender.setDaemon(true);
        sender.start();
    }

    /** The notifier that the environment asks for: none without NOTIFY_SOCKET. */
    public static Notifier fromEnvironment(Map<String, String> environment) {
        String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (socket.isEmpty()) {
            return NONE;
        }
        if (socket.startsWith("@") || socket.length() > 107) {
            // SDNotify can do neither, and drops the latter silently
            warn("NOTIFY_SOCKET " + socket + " is abstract or too long");
            return NONE;
        }
        return new SystemdNotifier();
    }

    @Override
    public synchronized void ready() {
        states.add("READY=1");
        notifyAll();
    }

    @Override
    public synchronized void status(String text) {
        status = text;
        notifyAll();
    }

    @Override
    public synchronized void stopping() {
        states.add("STOPPING=1");
        notifyAll();
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
            // nobody interrupts it; an end all the same
        }
    }

    /** Waits for something to send; null when there will be nothing more. */
    private synchronized String next() throws InterruptedException {
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
            statusSentAt = System.nanoTime();
        }
        String message = String.join("\n", states);
        states.clear();
        return message.isEmpty() ? null : message;
    }

    private boolean isStatusDue() {
        return status != null && nanosToStatus() <= 0;
    }

    private long nanosToStatus() {
        return statusSentAt + STATUS_INTERVAL_NANOS - System.nanoTime();
    }

    private void send(String message) {
        if (broken) {
            return;
        }
        try {
            SDNotify.sendRaw(message);
        } catch (RuntimeException | LinkageError e) { // LastErrorException, or no native library
            broken = true;
            warn(e.getMessage());
        }
    }

    private static void warn(String reason) {
        log.warn("cannot notify the service manager, going on without: {}", reason);
    }
}
