package org.hgcmdserver.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.DatagramPacket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** A server under measurement: a process that listens at a socket. */
record Server(String name, Process process, Path address, long startNanos)
        implements AutoCloseable {

    /** Starts a server and waits until it accepts connections. */
    static Server start(String name, Path address, List<String> command) throws Exception {
        Path log = Path.of(address + ".log");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("HGPLAIN", "1");
        builder.environment().put("HGENCODING", "UTF-8");
        long started = System.nanoTime();
        Process process = builder.start();
        while (!accepts(address)) {
            if (!process.isAlive()) {
                throw new IOException(name + " ended: " + Files.readString(log));
            }
            Thread.onSpinWait();
        }
        return new Server(name, process, address, System.nanoTime() - started);
    }

    /**
     * Starts a daemon that notifies its service manager, and ends the daemon; returns the
     * nanoseconds to READY=1.
     */
    static long nanosToReady(Path manager, List<String> command) throws Exception {
        try (AFUNIXDatagramSocket socket = AFUNIXDatagramSocket.newInstance()) {
            socket.bind(AFUNIXSocketAddress.of(manager));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("NOTIFY_SOCKET", manager.toString());
            long started = System.nanoTime();
            Process process = builder.start();
            try {
                String message = "";
                while (!message.contains("READY=1")) {
                    DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
                    socket.receive(packet);
                    message = new String(packet.getData(), 0, packet.getLength(), UTF_8);
                }
                return System.nanoTime() - started;
            } finally {
                process.destroy();
                process.waitFor();
            }
        }
    }

    private static boolean accepts(Path address) {
        if (!Files.exists(address)) {
            return false;
        }
        try (AFUNIXSocket socket = connect(address)) {
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Waits until the server has that many children; returns the nanoseconds since its start. */
    long awaitChildren(int count) throws IOException {
        long started = System.nanoTime() - startNanos;
        while (Memory.children(process.pid()).size() < count) {
            Pause.of(1);
        }
        return System.nanoTime() - started;
    }

    AFUNIXSocket connect() throws IOException {
        return connect(address);
    }

    private static AFUNIXSocket connect(Path address) throws IOException {
        return AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(address));
    }

    @Override
    public void close() throws Exception {
        process.destroy();
        process.waitFor();
    }
}
