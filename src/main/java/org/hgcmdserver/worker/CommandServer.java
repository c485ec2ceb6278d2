package org.hgcmdserver.worker;

import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.posix.Environment;

/**
 * The program that serves a connection: it speaks Mercurial's command-server protocol on its
 * descriptors 0 and 1.
 *
 * @param program the program's absolute path
 * @param arguments argv, the program's own name first
 * @param environment the program's whole environment
 * @param saysHello whether the program says hello as soon as it has started, as Mercurial does
 * @param servesChg whether the program runs chg's commands as if its user had started hg. Any other
 *     program would run them, without a word, in its own directory and environment
 */
public record CommandServer(
        String program,
        List<String> arguments,
        Environment environment,
        boolean saysHello,
        boolean servesChg) {

    public CommandServer {
        arguments = List.copyOf(arguments);
    }

    /**
     * Mercurial's own {@code hg serve --cmdserver pipe}.
     *
     * @param hg the absolute path of hg
     * @param options of hg, such as the repository for commands that name none
     */
    public static CommandServer mercurial(String hg, List<String> options) {
        List<String> arguments = new ArrayList<>(List.of(hg, "serve", "--cmdserver", "pipe"));
        arguments.addAll(options);
        return new CommandServer(hg, arguments, workerEnvironment(), true, false);
    }

    /** Any other program, as a command line for sh(1). */
    public static CommandServer shell(String command) {
        return new CommandServer(
                "/bin/sh", List.of("sh", "-c", command), workerEnvironment(), false, false);
    }

    /**
     * The daemon's environment without the variables that the service manager addressed to the
     * daemon (sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)), and with plain output in
     * UTF-8 (services start without a locale, which is ASCII to Mercurial) unless the environment
     * says otherwise.
     */
    private static Environment workerEnvironment() {
        return Environment.inherited()
                .without("LISTEN_", "NOTIFY_SOCKET=", "WATCHDOG_", "HG_CMDSERVER_HANDOVER=")
                .without(CancelSecret.VARIABLE + "=")
                .withDefault("HGPLAIN", "1")
                .withDefault("HGENCODING", "UTF-8");
    }
}
