package org.hgcmdserver.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** Processes of other users than the test's, by default of one that each Debian has. */
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
        return new ProcessBuilder(command(NAME, program))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /**
     * A command that runs a program as a user, in the group of that name alone. For root.
     *
     * @param user a name or a number
     */
    static List<String> command(String user, String... program) {
        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid", user));
        command.addAll(List.of("--regid", user, "--clear-groups"));
        command.addAll(List.of(program));
        return command;
    }

    /** The path of a copy of the program in a directory that other users can read. */
    static String program(Path directory) throws Exception {
        Path dist = directory.resolve("dist");
        if (!Files.exists(dist)) {
            Processes.run(directory, "cp", "-a", "" + Daemon.DIST, "" + dist).succeeded();
        }
        return dist.resolve("bin/hg-cmdserver").toString();
    }
}
