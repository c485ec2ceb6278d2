package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The user's options for the JVM hold at the start and after a reload. */
@RunsOnce
class JavaOptionsIT {

    @TempDir Path directory;

    /**
     * The check of a reload runs beside the daemon: it cannot use the daemon's ports, and must not
     * write the daemon's files.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "HG_CMDSERVER_JAVA_OPTIONS",
                "JAVA_TOOL_OPTIONS",
                "JDK_JAVA_OPTIONS",
                "_JAVA_OPTIONS"
            })
    void usersChoiceWins(String variable) throws Exception {
        int jmx = freePort();
        int debugger = freePort();
        String options =
                "-Dcom.sun.management.jmxremote.port=%d -Dcom.sun.management.jmxremote.authenticate=false"
                                .formatted(jmx)
                        + " -Dcom.sun.management.jmxremote.ssl=false -XX:+UseParallelGC -Xmx100m"
                        + " -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:"
                        + debugger
                        + " -Xlog:gc+init:file="
                        + directory
                        + "/gc.log:none:filecount=0";
        Path gc = directory.resolve("gc.log");
        try (Daemon daemon = Daemon.start(directory, env -> env.put(variable, options))) {
            for (int image = 1; image <= 2; image++) {
                assertThat(Files.readString(gc))
                        .contains("Heap Max Capacity: 100M")
                        .contains("Parallel");
                connect(jmx);
                connect(debugger);
                String commandLine =
                        Files.readString(Path.of("/proc/" + daemon.pid() + "/cmdline"));
                assertThat(commandLine.contains("jdwp"))
                        .isEqualTo(variable.equals("HG_CMDSERVER_JAVA_OPTIONS"));
                if (image == 1) {
                    Files.delete(gc);
                    ReloadIT.reload(daemon);
                }
            }
            assertThat(Files.readString(Path.of("/proc/" + daemon.pid() + "/environ")))
                    .contains("\0" + variable + "=" + options + "\0");
            daemon.stop();
            assertThat(daemon.log()).doesNotContain(" warn ");
        }
    }

    /** The socket of jcmd and jstack has a name in /tmp that anybody can take first. */
    @Test
    void toolsAttachOnlyWhereThatIsChosen() throws Exception {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin/jcmd");
        LeftOut.unless(Files.exists(jcmd), "this Java has no jcmd");
        for (String chosen : List.of("", "-XX:-DisableAttachMechanism -XX:+StartAttachListener")) {
            try (Daemon daemon =
                    Daemon.start(directory, env -> env.put("HG_CMDSERVER_JAVA_OPTIONS", chosen))) {
                Processes.Result result =
                        Processes.run(
                                directory,
                                jcmd.toString(),
                                "-J-Dsun.tools.attach.attachTimeout=100",
                                "" + daemon.pid(),
                                "VM.version");
                assertThat(result.status() == 0).as(result.err()).isEqualTo(!chosen.isEmpty());
                assertThat(Path.of("/tmp/.java_pid" + daemon.pid()).toFile().exists())
                        .isEqualTo(!chosen.isEmpty());
                daemon.connect().close(); // the tool has not ended it
                daemon.stop();
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static void connect(int port) throws IOException {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
    }
}
