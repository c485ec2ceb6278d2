package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The configuration file, as an administrator uses it. */
@RunsOnce
class ConfigFileIT {

    @TempDir Path directory;

    @Test
    void eachErrorIsOneLineThatNamesFileAndLine() throws Exception {
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put("nonesuch = 1", "there is no option \"nonesuch\"");
        wrong.put("config-file = x", "there is no option \"config-file\"");
        wrong.put("help = yes", "there is no option \"help\"");
        wrong.put("min-idle = few", "'few' is not a number");
        wrong.put("max-request = 1K", "'1K' is less than 4K");
        wrong.put("drain-timeout = soon", "'soon' is not a time span");
        wrong.put("idle-exit = -1s", "'-1s' is not a time span");
        wrong.put("drain = kill", "'kill'");
        wrong.put("debug = maybe", "'maybe' is neither yes nor no");
        wrong.put("socket-mode = rw", "'rw' is not a file mode");
        wrong.put("max-workers = 0", "'0' is not a number from 1 on");
        wrong.put("min-idle = 9", "--min-idle 9 is more than --max-idle 8");
        wrong.put("repository = /nonesuch", "/nonesuch is not a Mercurial repository");
        wrong.put("hg = /nonesuch/hg", "/nonesuch/hg is not an executable file");
        wrong.put("poll-interval = infinity", "'infinity' is not a time from 1ms to a day");
        wrong.put("workers", "not of the form name = value");
        wrong.put("workers =", "workers has no value");
        Path file = directory.resolve("conf");
        for (Map.Entry<String, String> entry : wrong.entrySet()) {
            Files.writeString(file, "# a comment\n\n" + entry.getKey() + "\n");
            Processes.Result result = check(file);
            assertThat(result.status()).as(entry.getKey()).isEqualTo(78);
            assertThat(result.err()).hasLineCount(1).contains(entry.getValue());
            assertThat(result.err()).startsWith("hg-cmdserver: " + file + ":3: ");
        }
        wrong.clear();
        wrong.put("[servr]", "there is no section [servr]");
        wrong.put("quiet = no\n[client]", "[client] comes first");
        wrong.put("[serve]\nquiet = no\n[client]", "[client] comes first");
        wrong.put("[client]\nquiet = no", "there is no option \"quiet\" in [client]");
        wrong.put("[client]\naddress = @x", "'@x' is an abstract name");
        for (Map.Entry<String, String> entry : wrong.entrySet()) {
            Files.writeString(file, entry.getKey());
            Processes.Result result = check(file);
            assertThat(result.status()).as(entry.getKey()).isEqualTo(78);
            assertThat(result.err()).hasLineCount(1).contains(entry.getValue());
        }
        Files.writeString(file, "quiet = no\nquiet = yes\n");
        assertThat(check(file).err()).contains(file + ":2: quiet stands in line 1 too");
    }

    @Test
    void missingAndUnreadableFiles() throws Exception {
        Path none = directory.resolve("none");
        assertThat(check(none).err()).hasLineCount(1).contains("there is no " + none);
        Path binary = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xff, 1});
        assertThat(check(binary).err()).hasLineCount(1).contains("is not UTF-8");
        assertThat(check(directory).err()).hasLineCount(1).contains("cannot read " + directory);
    }

    @Test
    void commandLineWins() throws Exception {
        Path file = directory.resolve("conf");
        Files.writeString(file, "; comment\n  workers=spawn  \nmin-idle = 9\ndebug = off\n");
        assertThat(check(file).status()).as("over the default maximum").isEqualTo(78);
        check(file, "--min-idle", "1").succeeded();
        check(file, "--max-idle", "10").succeeded();
    }

    /** Root's file is in /etc, which belongs to the machine and not to this test. */
    @Test
    void defaultFileOfTheUser() throws Exception {
        Path file = directory.resolve("hg-cmdserver/hg-cmdserver.conf");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "max-workers = none\n");
        Processes.Result result =
                Processes.run(
                        directory,
                        "env",
                        "XDG_CONFIG_HOME=" + directory,
                        Daemon.PROGRAM,
                        "serve",
                        "--check",
                        "--address",
                        directory.resolve("socket").toString());
        if (System.getProperty("user.name").equals("root")) {
            result.succeeded();
        } else {
            assertThat(result.status()).isEqualTo(78);
            assertThat(result.err()).startsWith("hg-cmdserver: " + file + ":1: ");
        }
    }

    @Test
    void valuesAreTakenAsTheyStand() throws Exception {
        Path address = directory.resolve("server.sock");
        Path file = directory.resolve("conf");
        Files.writeString(file, "worker-command = x=7; echo \"$x ${x} # ; = '$$'\"\n");
        List<String> command =
                List.of(
                        Daemon.PROGRAM,
                        "serve",
                        "--config-file",
                        file.toString(),
                        "--address",
                        address.toString());
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            daemon.awaitLog("listening at " + address);
            try (RawClient client = new RawClient(address)) {
                assertThat(client.readToEnd()).matches("7 7 # ; = '\\d+'\n");
            }
            daemon.stop();
        }
    }

    @Test
    void helpNeedsNoConfiguration() throws Exception {
        Path file = Files.writeString(directory.resolve("conf"), "nonsense\n");
        for (String option : new String[] {"--help", "-h", "--version", "-V"}) {
            Processes.run(
                            directory,
                            Daemon.PROGRAM,
                            "serve",
                            "--config-file",
                            file.toString(),
                            option)
                    .succeeded();
        }
    }

    @Test
    void optionsOfAFileTakeEffect() throws Exception {
        Repository repository = Repository.create(directory, "repository");
        Path address = directory.resolve("from-the-file.sock");
        Path file = directory.resolve("conf");
        Files.writeString(
                file,
                """
                address = %s
                socket-mode = 0640
                repository = %s
                debug = yes
                idle-exit = 1h 30min
                max-request = 1M
                """
                        .formatted(address, repository));
        List<String> command = List.of(Daemon.PROGRAM, "serve", "--config-file", file.toString());
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            daemon.awaitLog("listening at " + address);
            assertThat(daemon.log()).contains(" debug ");
            assertThat(Files.getPosixFilePermissions(address)).hasSize(3);
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("root").out()).isEqualTo(repository + "\n");
            }
            daemon.stop();
        }
    }

    /** What bind(2) and the daemon would refuse. */
    @Test
    void socketsThatNoServerCanHaveAreErrors() throws Exception {
        Path file = directory.resolve("conf");
        Path open = Files.createDirectory(directory.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put(directory + "/none/s", "there is no directory " + directory + "/none");
        wrong.put(directory.toString(), "it is a directory, not a socket");
        wrong.put(file.toString(), "it is an existing file, not a socket");
        wrong.put(directory + "/" + "x".repeat(108), "File name too long");
        wrong.put(open + "/s", "all users can replace files in " + open);
        for (Map.Entry<String, String> entry : wrong.entrySet()) {
            Files.writeString(file, "\naddress = %s\n".formatted(entry.getKey()));
            Processes.Result result = program("serve", "--check", "--config-file", "" + file);
            assertThat(result.status()).as(entry.getKey()).isEqualTo(78);
            assertThat(result.err()).hasLineCount(1).contains(entry.getValue());
            assertThat(result.err()).startsWith("hg-cmdserver: " + file + ":2: cannot listen at ");
            assertThat(program("serve", "--check", "--address", entry.getKey()).err())
                    .startsWith("hg-cmdserver: cannot listen at " + entry.getKey());
        }
        Files.writeString(file, "address = %s\n".formatted(directory.resolve("s")));
        program("serve", "--check", "--config-file", file.toString()).succeeded();
    }

    @Test
    void printedConfigurationHasWhatIsInEffect() throws Exception {
        Path address = directory.resolve("s");
        Path file = directory.resolve("conf");
        Files.writeString(file, "min-idle = 1\nmax-workers = 7\nallow-user = root\nidle-exit=1h\n");
        String[] command = {
            "serve",
            "--config-file",
            file.toString(),
            "--min-idle",
            "3",
            "--print-config",
            "--address",
            address.toString(),
            "--debug",
            "--socket-mode=0660"
        };
        String printed = program(command).succeeded().out();
        assertThat(printed.lines())
                .contains("address = " + address, "min-idle = 3", "max-workers = 7")
                .contains("allow-user = root", "idle-exit = 1h", "debug = yes", "quiet = no")
                .contains("socket-mode = 0660", "# allow-group = GROUP", "max-request = 64M")
                .noneMatch(line -> line.matches(".*(null|check|config-file).*"));
        Files.writeString(file, printed);
        assertThat(program("serve", "--config-file", file.toString(), "--print-config").out())
                .isEqualTo(printed);
        Files.writeString(file, "min-idle = 9\n");
        Processes.Result wrong = program("serve", "--config-file", "" + file, "--print-config");
        assertThat(wrong.status()).isEqualTo(78);
        assertThat(wrong.out()).isEmpty();
    }

    /** As it is for the Java program and for the shell scripts. */
    @Test
    void clientsFindTheSocketThatTheSectionClientNames() throws Exception {
        String usual = "/run/user/UID/hg-cmdserver/server.sock";
        assertClientsUse("/nowhere/a b", "\n# a\n [client] \naddress =  /nowhere/a b \n", "");
        assertClientsUse("/nowhere/x", "[client]\naddress=/nowhere/x\n[serve]\nmin-idle = few", "");
        assertClientsUse(
                "/nowhere/x", "[client]\naddress = /nowhere/x", ""); // without an end of line
        assertClientsUse("/nowhere/x", "[client]\r\naddress = /nowhere/x\r\n[serve]\r\n", "");
        assertClientsUse(
                "/nowhere/x", "[client]\naddress = /nowhere/x\n[servr]\n\0\n[client]\n", "");
        assertClientsUse("/y", "[client]\naddress = /nowhere/x\n", "HG_CMDSERVER_SOCKET=/y");
        assertClientsUse(usual, "address = /nowhere/x\n", "");
        assertClientsUse(usual, "[serve]\naddress = /nowhere/x\n", "");
        assertClientsUse(usual, "[client]\n# address = /nowhere/x\n[serve]\naddress = /z\n", "");
    }

    private void assertClientsUse(String socket, String configuration, String variable)
            throws Exception {
        Path file = directory.resolve("config/hg-cmdserver/hg-cmdserver.conf");
        Files.createDirectories(file.getParent());
        Files.writeString(file, configuration);
        List<String> command = new ArrayList<>();
        String program = Daemon.PROGRAM;
        if (System.getProperty("user.name").equals("root")) { // whose file is that of the machine
            Processes.run(directory, "chmod", "755", directory.toString()).succeeded();
            command.addAll(OtherUser.command("1"));
            program = OtherUser.program(directory);
        }
        String uid = Processes.run(directory, with(command, "id", "-u")).out().strip();
        command.addAll(List.of("env", "-u", "XDG_RUNTIME_DIR", "-u", "HG_CMDSERVER_SOCKET"));
        command.add("XDG_CONFIG_HOME=" + directory.resolve("config"));
        command.add(variable.isEmpty() ? "X=" : variable);
        String expected = socket.replace("UID", uid);
        Path runtime = Path.of("/run/user/" + uid);
        String java = Processes.run(directory, with(command, program, "status")).err();
        assertThat(java)
                .as(configuration)
                .contains(
                        expected.startsWith("/run/user/") && !Files.isDirectory(runtime)
                                ? runtime + " does not exist"
                                : "cannot connect to " + expected + ": ");
        assertThat(Processes.run(directory, with(command, program, "shell-env", "sh")).out())
                .as(configuration)
                .contains("HG_CMDSERVER_SOCKET='" + expected + "'\n");
    }

    private static String[] with(List<String> command, String... more) {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private Processes.Result program(String... arguments) throws Exception {
        return Processes.run(directory, with(List.of(Daemon.PROGRAM), arguments));
    }

    private Processes.Result check(Path file, String... more) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(Daemon.PROGRAM, "serve", "--check", "--config-file"));
        command.addAll(List.of(file.toString(), "--address", directory.resolve("s").toString()));
        command.addAll(List.of(more));
        return Processes.run(directory, command.toArray(String[]::new));
    }
}
