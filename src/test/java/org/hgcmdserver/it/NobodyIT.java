package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.posix.Users;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client whose user the daemon's user namespace does not have appears to it as nobody, and is no
 * one: neither nobody, nor the daemon's own user if that is nobody.
 */
@RunsOnce
class NobodyIT {

    private static final String NOBODY = "65534";

    private static final String STRANGER = "54321";

    /** Prints the first frame. */
    private static final String CLIENT =
            "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                    + "print(s.recv(1000))";

    @TempDir Path directory;

    @BeforeEach
    void letOthersIn() throws Exception {
        LeftOut.unless(Users.isRoot(), "only root can act as another user");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** A daemon in a user namespace that has root alone. */
    private Daemon startInNamespace(String... options) throws Exception {
        List<String> unshare = List.of("unshare", "--user", "--map-root-user");
        List<String> id = new ArrayList<>(unshare);
        id.add("id");
        Processes.Result possible = Processes.run(directory, id.toArray(String[]::new));
        LeftOut.unless(possible.status() == 0, "no user namespace: " + possible.err());
        return start(unshare, Daemon.PROGRAM, options);
    }

    private Daemon start(List<String> as, String program, String... options) throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command = new ArrayList<>(as);
        command.addAll(List.of(program, "serve", "--address", address.toString()));
        command.addAll(List.of("--socket-mode", "0666"));
        command.addAll(List.of(options));
        Daemon daemon = Daemon.launch(directory, address, env -> {}, command);
        daemon.awaitLog("listening at");
        return daemon;
    }

    private String firstFrame(Daemon daemon, String uid, String gid, String... interpreter)
            throws Exception {
        String python = interpreter.length == 0 ? "/usr/bin/python3" : interpreter[0];
        return Processes.run(
                        directory,
                        "setpriv",
                        "--reuid=" + uid,
                        "--regid=" + gid,
                        "--clear-groups",
                        python,
                        "-c",
                        CLIENT,
                        daemon.address().toString())
                .succeeded()
                .out();
    }

    @Test
    void unmappedUserMatchesNoRule() throws Exception {
        for (String rule : List.of("--allow-user=" + NOBODY, "--allow-group=" + NOBODY)) {
            try (Daemon daemon = startInNamespace(rule, "--allow-user=root")) {
                assertThat(firstFrame(daemon, STRANGER, STRANGER))
                        .as(rule)
                        .contains("access denied: an unknown user is not among those");
                assertThat(firstFrame(daemon, "0", "0")).contains("capabilities");
                assertThat(daemon.log())
                        .containsPattern("a client that is .*uid " + NOBODY + ".* may not connect")
                        .containsPattern("refused pid \\d+, an unknown user, gid -1");
                daemon.stop();
            }
        }
    }

    /** Its own clients are strangers to it: it says so, and gives them a stranger's hello. */
    @Test
    void daemonThatIsNobodyDoesNotKnowItsUser() throws Exception {
        String program = OtherUser.program(directory);
        Files.setAttribute(directory, "unix:uid", Integer.valueOf(NOBODY));
        List<String> asNobody = OtherUser.command(NOBODY, "env", "HOME=" + directory);
        try (Daemon daemon = start(asNobody, program)) {
            assertThat(daemon.log())
                    .contains("warn this service runs as uid " + NOBODY)
                    .contains("run it as another user");
            assertThat(firstFrame(daemon, NOBODY, STRANGER)).contains("access denied");
            assertThat(firstFrame(daemon, "0", "0")).contains("capabilities");
            daemon.stop();
        }
        try (Daemon daemon = start(asNobody, program, "--allow-group=" + STRANGER)) {
            assertThat(firstFrame(daemon, NOBODY, STRANGER))
                    .contains("capabilities")
                    .contains("cancel: ");
            Path chg = directory.resolve("chg"); // a program with that name
            Path python = Path.of("/usr/bin/python3").toRealPath();
            Files.copy(python, chg);
            Files.setPosixFilePermissions(chg, PosixFilePermissions.fromString("rwxr-xr-x"));
            assertThat(firstFrame(daemon, NOBODY, STRANGER, chg.toString()))
                    .contains("this server runs the commands of uid");
            daemon.stop();
        }
    }
}
