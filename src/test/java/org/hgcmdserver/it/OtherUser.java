package org.hgcmdserver.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** Processes of a user that each Debian has, and that is not the daemon's. */
final class OtherUser {

    static final String NAME = "daemon";

    private OtherUser() {}

    /** Leaves the test out where only root could act as another user; lets that user in. */
    static void letInto(Path directory) throws Exception {
        LeftOut.unless(
                System.getProperty("user.name").equals("root"),
                "only root can act as another user");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Starts a program, whose errors are the test's. */
    static Process start(String... program) throws Exception {
        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid", NAME));
        command.addAll(List.of("--regid", NAME, "--clear-groups"));
        command.addAll(List.of(program));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }
}
