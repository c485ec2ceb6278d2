package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.hgcmdserver.posix.Users;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A configuration file that others can change is not read. */
@RunsOnce
class OpenConfigurationIT {

    @TempDir Path directory;

    private static void mode(Path path, String permissions) throws Exception {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private Path file(String content) throws Exception {
        Path file =
                Files.createDirectories(directory.resolve("config/hg-cmdserver"))
                        .resolve("hg-cmdserver.conf");
        return Files.writeString(file, content);
    }

    private Processes.Result check(Path file) throws Exception {
        return Processes.run(
                directory,
                Daemon.PROGRAM,
                "serve",
                "--check",
                "--config-file",
                file.toString(),
                "--address",
                directory.resolve("s").toString());
    }

    private void assertRefused(Path file, String... what) throws Exception {
        Processes.Result result = check(file);
        assertThat(result.status()).as(result.err()).isEqualTo(78);
        assertThat(result.err())
                .hasLineCount(1)
                .startsWith("hg-cmdserver: %s is not read, since ".formatted(file))
                .contains(what);
    }

    @Test
    void daemonNamesFileAndRemedy() throws Exception {
        Path file = file("quiet = yes\n");
        check(file).succeeded();
        mode(file, "rw-rw-r--"); // as umask 002 makes it, in a group of this user alone
        if (Users.isRoot()) {
            assertRefused(file, " can change " + file, "chmod go-w " + file);
        } else {
            check(file).succeeded();
        }
        mode(file, "rw-r--rw-");
        assertRefused(file, "all users can change " + file, "chmod go-w " + file);
        mode(file, "rw-r--r--");
        Path parent = file.getParent();
        mode(parent, "rwxrwxrwx");
        assertRefused(file, "all users can replace files in " + parent, "chmod go-w " + parent);
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        assertRefused(link, "all users can replace files in " + parent);
        mode(parent, "rwxr-xr-x");
        check(link).succeeded();
    }

    @Test
    void fileOfAnotherUser() throws Exception {
        LeftOut.unless(Users.isRoot(), "only root can give files away");
        Path file = file("quiet = yes\n");
        Files.setAttribute(file, "unix:uid", 1);
        assertRefused(file, "belongs to daemon, who can change it", "chown -h root " + file);
    }

    /** A missing default file is missing, whoever can write to the directories. */
    @Test
    void directoriesOfAMissingFileDoNotMatter() throws Exception {
        Path parent = file("").getParent();
        Files.delete(parent.resolve("hg-cmdserver.conf"));
        mode(parent, "rwxrwxrwx");
        assertThat(check(parent.resolve("hg-cmdserver.conf")).err()).contains("there is no");
        asUser("serve", "--check", "--address", directory.resolve("s").toString()).succeeded();
    }

    /** As {@code sh} passes a document: a pipe, or a file without a name. */
    @Test
    void standardInput() throws Exception {
        Processes.run(
                        directory,
                        "sh",
                        "-c",
                        "echo quiet = yes | \"$0\" serve --check --config-file /dev/stdin --address \"$1\"",
                        Daemon.PROGRAM,
                        directory.resolve("s").toString())
                .succeeded();
    }

    @Test
    void clientsOfAnyUser() throws Exception {
        Path file = file("[client]\naddress = /nowhere/x\n");
        mode(file, "rw-rw-rw-");
        Processes.Result result = asUser("status");
        assertThat(result.status()).as(result.err()).isEqualTo(78);
        assertThat(result.err())
                .hasLineCount(1)
                .contains(file + " is not read, since all users can change ");
    }

    /** Runs the program as a user whose file is not that of the machine. */
    private Processes.Result asUser(String... arguments) throws Exception {
        if (!Users.isRoot()) {
            return Processes.run(directory, environment(Daemon.PROGRAM, arguments));
        }
        mode(directory, "rwxr-xr-x");
        Processes.run(directory, "chown", "-R", "1:1", "" + directory.resolve("config"))
                .succeeded();
        Processes.run(directory, "chown", "1:1", directory.toString()).succeeded();
        String[] program = environment(OtherUser.program(directory), arguments);
        return Processes.run(directory, OtherUser.command("1", program).toArray(String[]::new));
    }

    private String[] environment(String program, String... arguments) {
        String config = "XDG_CONFIG_HOME=" + directory.resolve("config");
        return concat(List.of("env", "-u", "HG_CMDSERVER_SOCKET", config, program), arguments);
    }

    private static String[] concat(List<String> first, String... more) {
        return java.util.stream.Stream.concat(first.stream(), java.util.Arrays.stream(more))
                .toArray(String[]::new);
    }

    /** In a mount namespace, since root's file is that of the machine. */
    @Test
    void launcherOfRootReadsNoAddressThere() throws Exception {
        LeftOut.unless(Users.isRoot(), "only root reads /etc");
        LeftOut.unless(
                Processes.run(directory, "unshare", "--mount", "true").status() == 0,
                "no mount namespace can be made here");
        Path file = file("[client]\naddress = /nowhere/x\n");
        mode(file, "rw-rw-r--");
        String script =
                "mount -t tmpfs -o mode=755 tmpfs /etc && mkdir /etc/hg-cmdserver"
                        + " && cp -p \"$1\" /etc/hg-cmdserver && exec \"$0\" shell-env sh";
        String[] command = {
            "unshare",
            "--mount",
            "env",
            "-u",
            "HG_CMDSERVER_SOCKET",
            "sh",
            "-c",
            script,
            Daemon.PROGRAM,
            file.toString()
        };
        Processes.Result result = Processes.run(directory, command);
        assertThat(result.out()).contains("HG_CMDSERVER_SOCKET='/run/hg-cmdserver/server.sock'");
        assertThat(result.err())
                .hasLineCount(1)
                .contains("/etc/hg-cmdserver/hg-cmdserver.conf is not read, since others")
                .contains("chmod go-w");
        mode(file, "rw-r--r--");
        assertThat(Processes.run(directory, command).succeeded().out())
                .contains("HG_CMDSERVER_SOCKET='/nowhere/x'");
    }
}
