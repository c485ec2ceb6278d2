package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * When the system is short of descriptors or processes, clients wait and the daemon loses none; the
 * log has one line for the beginning of the shortage and one for the end.
 */
class ShortageIT {

    private static final boolean ROOT = System.getProperty("user.name").equals("root");

    /** Any user without processes. The kernel does not limit the number of root's processes. */
    private static final String SOMEBODY = "54321";

    private static final List<String> AS_SOMEBODY = OtherUser.command(SOMEBODY);

    /** More than the number of idle workers. */
    private static final int CLIENTS = 10;

    @TempDir Path directory;

    @Test
    void noDescriptorForAConnection() throws Exception {
        try (Daemon daemon = Daemon.start(directory);
                Session attached = Session.to(daemon)) {
            List<RawClient> leaving = connectAndAwaitHello(daemon);
            for (int episode = 1; episode <= 2; episode++) {
                limit("nofile", "10", daemon.pid()); // fewer than the daemon has and polls
                List<RawClient> waiting = connect(daemon);
                awaitLines(daemon, "cannot accept connections for now", episode);
                assertThat(attached.run("version", "-q").status()).isZero();
                for (RawClient client : leaving) { // the daemon tries again at each exit
                    client.close();
                }
                await().until(() -> daemon.connections() == 1);
                assertThat(lines(daemon, "cannot accept connections for now")).isEqualTo(episode);
                limit("nofile", "1024", daemon.pid());
                for (RawClient client : waiting) {
                    client.runCommand("version -q");
                    client.readFrame();
                    assertThat(client.awaitResult()).isZero();
                }
                awaitLines(daemon, "can accept connections again", episode);
                for (RawClient client : waiting) {
                    client.close();
                }
                leaving = connectAndAwaitHello(daemon);
            }
            for (RawClient client : leaving) {
                client.close();
            }
            attached.close();
            daemon.stop();
        }
    }

    /** When accepting fails and succeeds in turns, the daemon counts one shortage, not several. */
    @Test
    @RunsOnce
    void fewDescriptorsAreOneShortage() throws Exception {
        try (Daemon daemon = Daemon.start(directory, "--worker-command", "cat")) {
            int open = Processes.descriptors(daemon.pid()).size();
            limit("nofile", String.valueOf(open + 3), daemon.pid());
            List<RawClient> next = connect(daemon);
            for (int round = 0; round < 20; round++) {
                List<RawClient> clients = next;
                awaitLines(daemon, "cannot accept connections for now", 1); // all clients stay
                // else a pause between two rounds might end the shortage
                next = round < 19 ? connect(daemon) : List.of();
                for (RawClient client : clients) { // each end admits another client, at last none
                    client.send("hello");
                    client.shutdownOutput();
                    assertThat(client.readToEnd()).isEqualTo("hello");
                    client.close();
                }
            }
            assertThat(lines(daemon, "cannot accept connections for now")).isEqualTo(1);
            limit("nofile", "1024", daemon.pid());
            awaitLines(daemon, "can accept connections again", 1);
            daemon.stop();
        }
    }

    /**
     * After the shortage the waiting client fails for another reason: the daemon serves the next
     * one at once.
     */
    @Test
    @RunsOnce
    void shortageEndsWithWhoeverWaits() throws Exception {
        Path hg = directory.resolve("hg");
        Path away = directory.resolve("away");
        Files.writeString(hg, "#!/bin/sh\nexec /usr/bin/hg \"$@\"\n");
        Files.setPosixFilePermissions(hg, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Daemon daemon = startAsSomebody("--workers", "spawn", "--hg", hg.toString())) {
            limit("nproc", "1", daemon.pid());
            try (RawClient waiting = new RawClient(daemon.address())) {
                daemon.awaitLog("cannot start worker processes for now");
                Files.move(hg, away);
                limit("nproc", "1000", daemon.pid());
                assertThat(waiting.readFrame()).contains("No such file");
            }
            Files.move(away, hg);
            try (RawClient next = new RawClient(daemon.address())) {
                assertThat(next.readFrame()).contains("capabilities");
            }
            daemon.stop();
        }
    }

    @Test
    void noProcessForAWorker() throws Exception {
        try (Daemon daemon = startAsSomebody()) {
            for (int episode = 1; episode <= 2; episode++) {
                List<Long> forking = new ArrayList<>(List.of(daemon.pid()));
                if (Daemon.PREFORK) {
                    Prefork.awaitIdle(daemon, 1);
                    forking.add(Prefork.template(daemon));
                }
                for (long pid : forking) {
                    limit("nproc", "1", pid);
                }
                List<RawClient> served = new ArrayList<>();
                if (Daemon.PREFORK) { // these clients take the idle workers
                    served = connect(daemon);
                    awaitLines(daemon, "cannot fork workers ahead for now", episode);
                }
                List<RawClient> waiting = connect(daemon);
                awaitLines(daemon, "cannot start worker processes for now", episode);
                for (long pid : forking) {
                    limit("nproc", "1000", pid);
                }
                served.addAll(waiting);
                for (RawClient client : served) {
                    client.runCommand("version -q");
                    client.readFrame();
                    assertThat(client.awaitResult()).isZero();
                    client.close();
                }
                awaitLines(daemon, "can start worker processes again", episode);
                if (Daemon.PREFORK) {
                    awaitLines(daemon, "can fork workers ahead again", episode);
                }
                daemon.awaitNoConnection();
            }
            assertThat(lines(daemon, "for now")).isEqualTo(Daemon.PREFORK ? 4 : 2);
            daemon.awaitNoZombies();
            daemon.stop();
        }
    }

    /** Connections that wait for a worker when the daemon receives the signal to stop. */
    @Test
    @RunsOnce
    void drainServesThoseWhoWait() throws Exception {
        try (Daemon daemon = startAsSomebody("--worker-command", "echo hello")) {
            limit("nproc", "1", daemon.pid());
            List<RawClient> waiting = connect(daemon);
            daemon.awaitLog("cannot start worker processes for now");
            daemon.signal("TERM");
            daemon.awaitLog("stopping");
            limit("nproc", "1000", daemon.pid());
            for (RawClient client : waiting) {
                assertThat(client.readToEnd()).isEqualTo("hello\n");
            }
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    private static List<RawClient> connect(Daemon daemon) throws Exception {
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new RawClient(daemon.address()));
        }
        return clients;
    }

    private static List<RawClient> connectAndAwaitHello(Daemon daemon) throws Exception {
        List<RawClient> clients = connect(daemon);
        for (RawClient client : clients) {
            client.readFrame();
        }
        return clients;
    }

    /** Sets a soft limit of a running process, within its hard limit. */
    private void limit(String resource, String value, long pid) throws Exception {
        List<String> command = new ArrayList<>();
        if (ROOT && resource.equals("nproc")) {
            command.addAll(AS_SOMEBODY);
        }
        command.addAll(List.of("prlimit", "--pid", "" + pid, "--" + resource + "=" + value + ":"));
        Processes.run(directory, command.toArray(String[]::new)).succeeded();
    }

    private static int lines(Daemon daemon, String text) throws Exception {
        return daemon.log().split(text, -1).length - 1;
    }

    private static void awaitLines(Daemon daemon, String text, int count) {
        await().untilAsserted(() -> assertThat(lines(daemon, text)).as(text).isEqualTo(count));
    }

    private Daemon startAsSomebody(String... options) throws Exception {
        if (!ROOT) {
            return Daemon.start(directory, options);
        }
        String program = OtherUser.program(directory);
        Processes.run(directory, "chown", SOMEBODY, directory.toString()).succeeded();
        Path address = directory.resolve("server.sock");
        List<String> command = new ArrayList<>(AS_SOMEBODY);
        command.addAll(List.of(program, "serve", "--debug"));
        command.addAll(List.of("--address", address.toString()));
        command.addAll(
                options.length == 0 ? List.of("--workers", Daemon.WORKERS) : List.of(options));
        Daemon daemon =
                Daemon.launch(
                        directory, address, env -> env.put("HOME", directory.toString()), command);
        daemon.awaitLog("listening at");
        daemon.awaitLog("who may connect: users [0, " + SOMEBODY + "]"); // this user has no name
        return daemon;
    }
}
