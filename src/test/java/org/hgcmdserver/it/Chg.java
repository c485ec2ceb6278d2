package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Debian's chg, and the process in which the daemon runs a command of chg's. */
final class Chg {

    static final Path PROGRAM = Path.of("/usr/bin/chg");

    private Chg() {}

    static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    static boolean isThere() {
        return Files.isExecutable(PROGRAM);
    }

    /**
     * The command line of the process in which a command runs, the words separated by blanks.
     *
     * @param directory for a hook's file
     * @param environment each "NAME=VALUE", beside the test's own
     */
    static String process(Daemon daemon, Path directory, List<String> environment)
            throws Exception {
        Path hook =
                Files.writeString(
                        directory.resolve("process.py"),
                        """
                        def show(ui, **kwargs):
                            with open('/proc/self/cmdline', 'rb') as f:
                                ui.write(f.read().replace(b'\\0', b' ') + b'\\n')
                        """);
        List<String> command = new ArrayList<>(List.of("env"));
        command.addAll(environment);
        command.add("CHGSOCKNAME=" + daemon.address());
        command.addAll(List.of(PROGRAM.toString(), "version", "-q", "--config"));
        command.add("hooks.pre-version=python:" + hook + ":show");
        String out = Processes.run(directory, command.toArray(String[]::new)).succeeded().out();
        assertThat(out).contains("hg-cmdserver: ");
        return out;
    }

    /** Runs a program that is to find the socket. */
    static Processes.Result runAt(Path socket, Path directory, Path home, String... command)
            throws Exception {
        List<String> all = new ArrayList<>(List.of("env", "-u", "CHGSOCKNAME", "HOME=" + home));
        all.add("HG_CMDSERVER_SOCKET=" + socket);
        all.addAll(List.of(command));
        return Processes.run(directory, all.toArray(String[]::new));
    }

    /** Whether the process is a forked worker, and not one that has replaced a worker. */
    static boolean isForked(String process) {
        return process.contains(Prefork.FORKED);
    }

    /**
     * Ends the servers that chg has started and leaves behind.
     *
     * @param variable in the environment of these commands alone
     */
    static void endOwnServers(String variable) throws Exception {
        List<Long> servers = Processes.withVariable(variable);
        for (long server : servers) { // or one of its workers, which ends by itself
            ProcessHandle.of(server).ifPresent(ProcessHandle::destroy);
        }
        for (long server : servers) {
            Processes.await().until(() -> !Processes.isAlive(server));
        }
    }
}
