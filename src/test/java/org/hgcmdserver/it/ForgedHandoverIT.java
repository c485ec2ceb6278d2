package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only the sealed memory of an earlier image of the daemon is taken for what it hands over. */
@RunsOnce
class ForgedHandoverIT {

    /** Executes the daemon as if it had made the state, which an expression makes. */
    private static final String PREVIOUS =
            """
            import fcntl, os, socket, sys
            TEXT = b'hg-cmdserver 1\\nlistener 60 inherited blocking\\n'
            def memory(name, seals, text=TEXT):
                fd = os.memfd_create(name, os.MFD_ALLOW_SEALING)
                os.write(fd, text)
                fcntl.fcntl(fd, 1033, seals) # F_ADD_SEALS
                return fd
            listener = socket.socket(socket.AF_UNIX)
            listener.bind('listener')
            listener.listen()
            os.dup2(listener.fileno(), 60)
            state = eval(sys.argv[1])
            if isinstance(state, int) and 0 <= state < 900:
                os.set_inheritable(state, True)
            os.environ['HG_CMDSERVER_HANDOVER'] = '%d %s 60' % (os.getpid(), state)
            os.execv(sys.argv[2], sys.argv[2:])
            """;

    @TempDir Path directory;

    private Processes.Result start(String state) throws Exception {
        Files.deleteIfExists(directory.resolve("listener"));
        return Processes.run(
                directory,
                "timeout",
                "60",
                "python3",
                "-c",
                PREVIOUS,
                state,
                Daemon.PROGRAM,
                "serve",
                "--worker-command=cat",
                "--idle-exit=1ms",
                "--poll-interval=1ms");
    }

    @Test
    void whatTheDaemonHasNotMadeIsRefused() throws Exception {
        Map<String, String> states = new LinkedHashMap<>();
        states.put("os.open('/etc/passwd', os.O_RDONLY)", ", which is not");
        states.put("os.pipe()[0]", ", which is not memory of a process, ");
        states.put("999", "names the descriptor 999, which is not open, ");
        states.put("memory('hg-cmdserver', 0)", ", which is not sealed, ");
        states.put("memory('hg-cmdserver', 7)", ", which is not sealed, ");
        states.put("memory('another', 15)", ", which is not named hg-cmdserver, ");
        states.put("'state'", "is not a list of descriptors, ");
        states.put("-1", "is not a list of descriptors, ");
        states.put("'9' * 30", "is not a list of descriptors, ");
        for (Map.Entry<String, String> each : states.entrySet()) {
            Processes.Result result = start(each.getKey());
            assertThat(result.status()).as(each.getKey() + result.err()).isEqualTo(1);
            assertThat(result.err())
                    .hasLineCount(1)
                    .startsWith("hg-cmdserver: HG_CMDSERVER_HANDOVER ")
                    .contains(each.getValue())
                    .endsWith("; start it without that variable\n");
        }
        start("memory('hg-cmdserver', 15)").succeeded();
    }

    @Test
    void memoryOfAnotherUser() throws Exception {
        LeftOut.unless(
                System.getProperty("user.name").equals("root"),
                "only root can make another user's memory");
        String state = "(os.seteuid(1), memory('hg-cmdserver', 15), os.seteuid(0))[1]";
        assertThat(start(state).err()).hasLineCount(1).contains(", which belongs to daemon, ");
    }

    /** The daemon goes on with the listener, and says in one line what is wrong where. */
    @Test
    void errorInTheContentIsOneSentence() throws Exception {
        String text = "b'hg-cmdserver 1\\nlistener 60 inherited blocking\\nworker 7 SERVING x'";
        String said = start("memory('hg-cmdserver', 15, %s)".formatted(text)).succeeded().err();
        assertThat(said.lines().filter(line -> line.contains("handed over")))
                .singleElement()
                .asString()
                .contains(
                        "cannot read what was handed over: its line 3, \"worker 7 SERVING x\", has no PEER-PID;")
                .doesNotContain("Exception");
        assertThat(said).doesNotContain("Exception").doesNotContain("\tat ");
    }
}
