package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The descriptors and children that the tables of architecture.md allow, and no others. */
class DescriptorsIT {

    private static final int CONNECTIONS = 5;

    @TempDir Path directory;

    @Test
    void areThoseOfTheTable() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            awaitTable(daemon, 0);
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                sessions.add(Session.to(daemon));
                assertThat(sessions.get(i).run("version", "-q").status()).isZero();
            }
            awaitTable(daemon, CONNECTIONS);
            ReloadIT.reload(daemon);
            awaitTable(daemon, CONNECTIONS);
            for (Session session : sessions) {
                session.close();
            }
            awaitTable(daemon, 0);
            daemon.stop();
        }
    }

    private static void awaitTable(Daemon daemon, int busy) throws Exception {
        awaitTable(daemon, busy, 0, Processes.PATIENCE);
    }

    /**
     * @param managers the number of the daemon's sockets to a service manager
     */
    static void awaitTable(Daemon daemon, int busy, int managers, Duration patience)
            throws Exception {
        await().atMost(patience)
                .untilAsserted(
                        () -> {
                            int children = Processes.children(daemon.pid()).size();
                            int idle = Daemon.PREFORK ? children - busy - 1 : 0;
                            if (Daemon.PREFORK) {
                                assertThat(idle).as("idle workers").isBetween(2, 8);
                            } else {
                                assertThat(children).as("children").isEqualTo(busy);
                            }
                            Map<String, Integer> kinds = kinds(daemon);
                            int forked = Daemon.PREFORK ? 1 + idle + busy : 0;
                            int sockets = 1 + busy + forked + managers;
                            // the JVM's own: a marker of its channels
                            assertThat(kinds.remove("socket"))
                                    .as("sockets")
                                    .isBetween(sockets, sockets + 1);
                            assertThat(kinds)
                                    .isEqualTo(
                                            Map.of(
                                                    "pipe",
                                                    2,
                                                    "eventpoll",
                                                    1,
                                                    "signalfd",
                                                    1,
                                                    "inotify",
                                                    1));
                            for (long child : Processes.children(daemon.pid())) {
                                assertThat(Prefork.command(child))
                                        .containsPattern(
                                                "^hg-cmdserver: ((spawned |idle )?worker|template)");
                            }
                        });
    }

    /** The open descriptors, except for the standard three and the JVM's own. */
    private static Map<String, Integer> kinds(Daemon daemon) throws Exception {
        Map<String, Integer> kinds = new TreeMap<>();
        for (String descriptor : Processes.descriptors(daemon.pid())) {
            String target = descriptor.replaceFirst(".* -> ", "");
            boolean standard = descriptor.matches("[012] -> .*");
            boolean ofTheJvm =
                    target.endsWith(".jar")
                            || target.endsWith("/lib/modules")
                            || target.matches("/dev/u?random");
            if (!standard && !ofTheJvm) {
                String kind =
                        target.replaceFirst("^anon_inode:\\[?(.*?)\\]?$", "$1")
                                .replaceFirst("^(socket|pipe):.*", "$1");
                kinds.merge(kind, 1, Integer::sum);
            }
        }
        return kinds;
    }
}
