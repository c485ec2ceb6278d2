package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.NotifyIT.awaitMessage;
import static org.hgcmdserver.it.NotifyIT.manager;
import static org.hgcmdserver.it.Processes.await;

import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramChannel;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/**
 * A service manager that is gone or does not read, signals that mean nothing, and no room for
 * temporary files.
 */
class SurroundingsIT {

    private static final String NO_TEMPLATE = "no warm Mercurial to fork workers from";
    private static final String NO_REHEARSAL = "workers are forked without rehearsals";

    /**
     * Commands that leave no block; too few blocks; no inode; one inode, for the template's
     * directory.
     */
    private static final List<String> FILLERS =
            List.of(
                    "cat /dev/zero > full",
                    "head -c 960k /dev/zero > full",
                    "while mkdir $((i += 1)); do :; done",
                    "while mkdir $((i += 1)); do :; done; rmdir 1");

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "the one");
    }

    // the service manager

    /** Many messages fail, since the daemon must send the watchdog a message every 10 ms. */
    @Test
    @RunsOnce
    void managerThatIsGoneIsOneWarning() throws Exception {
        for (boolean removed : new boolean[] {true, false}) {
            Path path = directory.resolve("notify");
            try (AFUNIXDatagramSocket first = manager(path);
                    Daemon daemon = startUnder(path)) {
                awaitMessage(first, "READY=1");
                first.close();
                Files.deleteIfExists(path);
                if (!removed) {
                    leaveDeadSocket(path);
                }
                daemon.awaitLog("cannot notify the service manager");
                servesAll(daemon);
                Files.deleteIfExists(path);
                try (AFUNIXDatagramSocket second = manager(path)) {
                    awaitMessage(second, "WATCHDOG=1");
                    try (Session hg = Session.to(daemon)) {
                        awaitMessage(second, "STATUS=1 connection");
                        answers(hg);
                    }
                    daemon.stop();
                }
                assertThat(warnings(daemon))
                        .hasSize(1)
                        .allMatch(w -> w.contains("cannot notify the service manager"));
            }
            Files.deleteIfExists(path);
        }
    }

    @Test
    @RunsOnce
    void managerThatDoesNotReadHoldsNothingUp() throws Exception {
        Path path = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = manager(path);
                Daemon daemon = startUnder(path)) {
            awaitMessage(manager, "READY=1");
            fillQueue(path);
            servesAll(daemon);
            ReloadIT.reload(daemon);
            servesAll(daemon);
            try (Session hg = Session.to(daemon)) {
                answers(hg);
                awaitMessage(manager, "READY=1"); // of the second image
                awaitMessage(manager, "STATUS=1 connection");
            }
            fillQueue(path);
            daemon.stop();
            assertThat(warnings(daemon)).isEmpty();
        }
    }

    @Test
    @RunsOnce
    void managerThatEndsWithoutReadingIsOneWarning() throws Exception {
        Path path = directory.resolve("notify");
        try (AFUNIXDatagramSocket manager = manager(path);
                Daemon daemon = startUnder(path)) {
            awaitMessage(manager, "READY=1");
            fillQueue(path);
            servesAll(daemon);
            manager.close();
            daemon.awaitLog("cannot notify the service manager");
            servesAll(daemon);
            daemon.stop();
            assertThat(warnings(daemon)).hasSize(1);
        }
    }

    /** The default action would end the daemon without a log line, and leave its socket. */
    @Test
    @RunsOnce
    void signalsWithoutAMeaningHaveNoEffect() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            Map<String, Integer> signals = Map.of("QUIT", 3, "USR1", 10, "ALRM", 14);
            for (Map.Entry<String, Integer> each : signals.entrySet()) {
                daemon.signal(each.getKey());
                await().until(() -> isPending(daemon, each.getValue()));
            }
            daemon.signal("USR2"); // which the JVM catches
            servesAll(daemon);
            ReloadIT.reload(daemon);
            servesAll(daemon);
            daemon.stop();
            assertThat(warnings(daemon)).isEmpty();
        }
    }

    private static boolean isPending(Daemon daemon, int signal) throws IOException {
        long pending = Long.parseUnsignedLong(Processes.status(daemon.pid(), "ShdPnd"), 16);
        return (pending >> (signal - 1) & 1) == 1;
    }

    private Daemon startUnder(Path manager) throws Exception {
        return Daemon.start(
                directory,
                env -> {
                    env.put("NOTIFY_SOCKET", manager.toString());
                    env.put("WATCHDOG_USEC", "30000");
                });
    }

    /**
     * Bound under another name: as long as its process lives, the daemon could send to it, and
     * would have to warn once more.
     */
    private static void leaveDeadSocket(Path path) throws Exception {
        Path bound = path.resolveSibling("dead");
        String bind = "import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind";
        Processes.run(Path.of("/"), "python3", "-c", bind + "(sys.argv[1])", bound.toString())
                .succeeded();
        Files.move(bound, path);
    }

    /**
     * Sends from several sockets, since each may have only so much in flight; the last one could
     * send nothing.
     */
    private static void fillQueue(Path path) throws IOException {
        for (boolean sent = true; sent; ) {
            sent = false;
            try (AFUNIXDatagramChannel sender = AFUNIXDatagramChannel.open()) {
                sender.configureBlocking(false);
                sender.connect(AFUNIXSocketAddress.of(path));
                while (sender.write(ByteBuffer.wrap(new byte[] {'x'})) > 0) {
                    sent = true;
                }
            } catch (SocketException full) {
                // EAGAIN
            }
        }
    }

    // temporary files

    @Test
    void fullFromTheStart() throws Exception {
        for (String filler : Daemon.PREFORK ? FILLERS : FILLERS.subList(0, 1)) {
            SmallSpace space = new SmallSpace(directory);
            try (Daemon daemon = space.start(directory, filler)) {
                awaitForked(daemon);
                servesAll(daemon);
                boolean elsewhere = filler.endsWith("done"); // no inode for a directory
                assertThat(warnings(daemon))
                        .as(filler)
                        .hasSize(Daemon.PREFORK && !elsewhere ? 1 : 0)
                        .allMatch(w -> w.contains(NO_REHEARSAL) && w.contains("No space left"));
                space.empty(daemon);
                if (Daemon.PREFORK) {
                    Path own = Rehearsals.directory(daemon);
                    assertThat(own.getParent().equals(Path.of("/tmp"))).isEqualTo(elsewhere);
                }
                servesAll(daemon);
                daemon.stop();
            }
        }
    }

    /** After a reload the next template may find the space that the last one has freed. */
    @Test
    void filledUpLater() throws Exception {
        SmallSpace space = new SmallSpace(directory);
        try (Daemon daemon = space.start(directory, ":")) {
            awaitForked(daemon);
            space.fill(daemon);
            servesAll(daemon);
            awaitForked(daemon); // the template goes on
            assertThat(warnings(daemon)).isEmpty();
            ReloadIT.reload(daemon);
            servesAll(daemon);
            space.fill(daemon);
            servesAll(daemon);
            assertThat(warnings(daemon))
                    .allMatch(w -> w.contains(NO_REHEARSAL) && w.contains("No space left"))
                    .doesNotHaveDuplicates();
            space.empty(daemon);
            awaitForked(daemon);
            servesAll(daemon);
            daemon.stop();
        }
    }

    // clients

    /** Serves more clients at once than there are idle workers, and more one after the other. */
    private void servesAll(Daemon daemon) throws Exception {
        try (Session first = Session.to(daemon);
                Session second = Session.to(daemon);
                Session third = Session.to(daemon)) {
            answers(third);
            answers(second);
            answers(first);
        }
        for (int i = 0; i < 3; i++) {
            try (Session hg = Session.to(daemon)) {
                answers(hg);
            }
        }
    }

    private void answers(Session hg) throws IOException {
        assertThat(hg.run("log", "-R", repository.toString(), "-T", "{desc}"))
                .isEqualTo(new Session.Answer(0, "the one", ""));
    }

    /**
     * Waits until the log's last line on the template says that it is ready, and it has forked
     * workers.
     */
    private static void awaitForked(Daemon daemon) {
        if (Daemon.PREFORK) {
            await().until(() -> isTemplateThere(daemon.log()) && isForked(daemon));
        }
    }

    private static boolean isTemplateThere(String log) {
        return log.lastIndexOf(Prefork.READY) > log.lastIndexOf(NO_TEMPLATE);
    }

    private static boolean isForked(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            return Prefork.command(hg.pid()).contains(Prefork.FORKED);
        }
    }

    private static List<String> warnings(Daemon daemon) throws IOException {
        return daemon.log()
                .lines()
                .filter(l -> l.matches("\\S+ warn .*"))
                .map(l -> l.replaceFirst("^\\S+ ", "")) // the time
                .toList();
    }
}
