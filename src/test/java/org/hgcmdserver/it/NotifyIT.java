package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hgcmdserver.it.Processes.await;

import java.io.BufferedReader;
import java.io.Writer;
import java.net.DatagramPacket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PlatformString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** The messages to the service manager, read from its end of a real notification socket. */
@RunsOnce
class NotifyIT {

    /** An option of a daemon for {@link #awaitRounds}. */
    static final String POLL = "--poll-interval=5ms";

    @TempDir Path directory;

    @Test
    void readyStatusStopping() throws Exception {
        Path path = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = manager(path)) {
            try (Daemon daemon =
                    Daemon.start(directory, env -> env.put("NOTIFY_SOCKET", path.toString()))) {
                awaitMessage(manager, "READY=1");
                try (Session first = Session.to(daemon);
                        Session second = Session.to(daemon)) {
                    awaitMessage(manager, "STATUS=2 connections");
                    daemon.signal("TERM");
                    long client = ProcessHandle.current().pid();
                    String status =
                            "STATUS=Stopping, waiting for 2 connections; the oldest: worker %d for pid %d for 0min, worker %d for pid %d for 0min"
                                    .formatted(first.pid(), client, second.pid(), client);
                    String said = ""; // some states come together, some alone
                    while (!said.contains("STOPPING=1")
                            || !said.contains("EXTEND_TIMEOUT_USEC=60000000")
                            || !said.contains(status)) {
                        said += awaitMessage(manager, "") + "\n";
                    }
                    // while the clients stay, the daemon extends again before that time is over
                    awaitMessage(manager, "EXTEND_TIMEOUT_USEC=60000000");
                }
                assertThat(daemon.awaitExit()).isZero();
                assertThat(daemon.log()).doesNotContain("warn");
            }
        }
    }

    @Test
    void reloadIsAnnouncedAndReadyAgain() throws Exception {
        Path path = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = manager(path);
                Daemon daemon =
                        Daemon.start(directory, env -> env.put("NOTIFY_SOCKET", path.toString()))) {
            awaitMessage(manager, "READY=1");
            long before = System.nanoTime() / 1000; // CLOCK_MONOTONIC
            daemon.signal("HUP");
            String message = awaitMessage(manager, "RELOADING=1");
            assertThat(message).doesNotContain("READY");
            String time = message.replaceFirst("(?s).*MONOTONIC_USEC=(\\d+)\n.*", "$1");
            assertThat(Long.parseLong(time)).isBetween(before, System.nanoTime() / 1000);
            awaitMessage(manager, "READY=1");
            await().untilAsserted(() -> assertThat(daemon.log().split("listening at")).hasSize(3));
            daemon.stop();
        }
    }

    /** The loop sends the pings: while a task blocks the loop, no ping comes. */
    @Test
    void watchdogIsTheLoops() throws Exception {
        Path path = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = manager(path)) {
            manager.setSoTimeout(1000); // set now: junixsocket ignores a later change
            Process program =
                    EmbeddingProgram.start(
                            directory,
                            env -> {
                                env.put("NOTIFY_SOCKET", path.toString());
                                env.put("WATCHDOG_USEC", "90000");
                            });
            try (Writer tell = program.outputWriter()) {
                for (int i = 0; i < 5; i++) {
                    awaitPing(manager);
                }
                tell.append("block\n").flush();
                awaitSaid(program, "blocked");
                assertThatThrownBy(
                                () -> {
                                    for (int i = 0; i < 1000; i++) { // past the pings already sent
                                        awaitMessage(manager, "WATCHDOG=1");
                                    }
                                })
                        .isInstanceOf(SocketTimeoutException.class);
                tell.append("unblock\n").flush();
                awaitPing(manager);
                tell.append("stop\n").flush();
                assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
            } finally {
                program.destroyForcibly();
            }
        }
    }

    private static void awaitPing(AFUNIXDatagramSocket manager) {
        await().ignoreException(SocketTimeoutException.class)
                .until(() -> awaitMessage(manager, "WATCHDOG=1") != null);
    }

    private static void awaitSaid(Process program, String line) throws Exception {
        BufferedReader said = program.inputReader();
        for (String next = said.readLine(); !line.equals(next); next = said.readLine()) {
            assertThat(next).as("before " + line).isNotNull();
        }
    }

    @Test
    void watchdogOfAnotherProcessIsIgnored() throws Exception {
        Path path = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = manager(path);
                Daemon daemon =
                        Daemon.start(
                                directory,
                                env -> {
                                    env.put("NOTIFY_SOCKET", path.toString());
                                    env.put("WATCHDOG_PID", "1");
                                    env.put("WATCHDOG_USEC", "1000");
                                })) {
            daemon.signal("TERM");
            for (String m = ""; !m.contains("STOPPING=1"); m = awaitMessage(manager, "")) {
                assertThat(m).doesNotContain("WATCHDOG");
            }
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    @Test
    void abstractNameOrAnyBytesOfAPath() throws Exception {
        String abstractName = "hg-cmdserver test " + ProcessHandle.current().pid();
        for (String name :
                List.of(abstractName, abstractName + "x".repeat(107 - abstractName.length()))) {
            try (AFUNIXDatagramSocket manager =
                            manager(AFUNIXSocketAddress.inAbstractNamespace(name));
                    Daemon daemon =
                            Daemon.start(directory, env -> env.put("NOTIFY_SOCKET", "@" + name))) {
                awaitMessage(manager, "READY=1");
                daemon.signal("HUP"); // the environment survives the exec
                awaitMessage(manager, "RELOADING=1");
                awaitMessage(manager, "READY=1");
                daemon.signal("TERM");
                awaitMessage(manager, "STOPPING=1");
                assertThat(daemon.awaitExit()).isZero();
                assertThat(daemon.log()).doesNotContain("warn");
            }
        }
        Path path =
                PlatformPath.of(
                        directory + "/" + PlatformString.decode(new byte[] {'n', (byte) 0xe9}));
        try (AFUNIXDatagramSocket manager =
                        manager(AFUNIXSocketAddress.of(PlatformPath.bytes(path)));
                Daemon daemon = launchByShell("NOTIFY_SOCKET=\"$PWD/$(printf 'n\\351')\"")) {
            awaitMessage(manager, "READY=1");
            daemon.stop();
        }
    }

    private Daemon launchByShell(String variable) throws Exception {
        String start =
                "%s exec \"$0\" serve --workers spawn --address \"$PWD/s\"".formatted(variable);
        List<String> command = List.of("sh", "-c", start, Daemon.PROGRAM);
        return Daemon.launch(directory, directory.resolve("s"), environment -> {}, command);
    }

    @Test
    void withoutASocketNothingIsSaid() throws Exception {
        try (Daemon daemon = Daemon.start(directory, env -> env.remove("NOTIFY_SOCKET"))) {
            daemon.stop();
            assertThat(daemon.log()).doesNotContainIgnoringCase("notify");
        }
    }

    @Test
    void brokenSocketIsOneWarning() throws Exception {
        for (String socket :
                new String[] {
                    directory + "/missing",
                    "@hg-cmdserver/not bound",
                    "/" + "x".repeat(200),
                    "relative"
                }) {
            try (Daemon daemon = Daemon.start(directory, env -> env.put("NOTIFY_SOCKET", socket));
                    Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
                hg.close();
                daemon.stop();
                assertThat(daemon.log().lines().filter(l -> l.contains(" warn ")))
                        .as(socket)
                        .hasSize(1)
                        .allMatch(l -> l.contains("cannot notify the service manager"));
            }
        }
    }

    static AFUNIXDatagramSocket manager(Path path) throws Exception {
        return manager(AFUNIXSocketAddress.of(path));
    }

    private static AFUNIXDatagramSocket manager(AFUNIXSocketAddress address) throws Exception {
        AFUNIXDatagramSocket manager = AFUNIXDatagramSocket.newInstance();
        manager.bind(address);
        manager.setSoTimeout((int) Processes.PATIENCE.toMillis());
        return manager;
    }

    /** Variables for the environment of a daemon for {@link #awaitRounds}. */
    static Map<String, String> environment(Path manager) {
        String ping = "60000"; // every 20 ms
        return Map.of("NOTIFY_SOCKET", manager.toString(), "WATCHDOG_USEC", ping);
    }

    /**
     * Returns when the daemon's loop has run all due timers many times, and has taken what was
     * there to take: with {@link #environment} and {@link #POLL}, several poll intervals pass
     * between two pings of the watchdog. Up to ten earlier pings may be in the queue.
     */
    static void awaitRounds(AFUNIXDatagramSocket manager) throws Exception {
        for (int i = 0; i < 20; i++) {
            awaitMessage(manager, "WATCHDOG=1");
        }
    }

    static String awaitMessage(AFUNIXDatagramSocket manager, String expected) throws Exception {
        while (true) {
            // a new packet each time: junixsocket limits the next message to the last one's size
            DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
            manager.receive(packet); // fails by a timeout
            String message =
                    new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
            if (message.contains(expected)) {
                return message;
            }
        }
    }
}
