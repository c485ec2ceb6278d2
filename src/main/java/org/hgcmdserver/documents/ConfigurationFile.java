package org.hgcmdserver.documents;

import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The configuration file that packages ship: all options of {@code serve}, at their defaults. */
final class ConfigurationFile {

    private static final int WIDTH = 78;

    private static final String HEAD =
            """
            # The configuration of hg-cmdserver; hg-cmdserver.conf(5) describes it.
            #
            # Lines that are commented out show the defaults; a name in capitals stands for
            # a value without a default. Check the file with "hg-cmdserver serve --check".
            # "systemctl reload hg-cmdserver.service" applies the file to a running
            # service and ends no connection.
            #
            # A time is a span such as 500ms, 10min or 1h 30s; 0 and infinity set no limit.

            # For the programs that use a server: "hg-cmdserver run" and "status", shell-env
            # and the drop-in hg. This section comes first.
            [client]

            # The path of the server's socket. $HG_CMDSERVER_SOCKET overrides it.
            # address = PATH

            # A user whose servers they use too, beside this user's own and root's.
            # server-user = USER

            [serve]
            """;

    /**
     * The settings in which an administrator's needs differ from those of a user at a terminal: an
     * idle client must not hold up a restart, and one user must not take all workers.
     */
    private static final Map<String, String> SET =
            Map.of("drain-timeout", "1min", "stop-timeout", "15min", "max-workers-per-user", "40");

    private ConfigurationFile() {}

    static String of(CommandLine program) {
        StringBuilder file = new StringBuilder(HEAD);
        for (OptionSpec option : Options.configurable(program)) {
            String key = Options.key(option);
            String set = SET.get(key);
            file.append('\n');
            wrap(Options.description(option), file);
            if (set != null) {
                file.append("%s = %s\n".formatted(key, set));
            } else {
                file.append("# %s = %s\n".formatted(key, defaultValue(option)));
            }
        }
        return file.toString();
    }

    private static String defaultValue(OptionSpec option) {
        if (option.defaultValue() != null) {
            return option.defaultValue();
        }
        return Options.isFlag(option) ? "no" : option.paramLabel();
    }

    private static void wrap(String text, StringBuilder to) {
        StringBuilder line = new StringBuilder("#");
        for (String word : text.strip().split("\\s+")) {
            if (line.length() + 1 + word.length() > WIDTH) {
                to.append(line).append('\n');
                line.setLength(1);
            }
            line.append(' ').append(word);
        }
        to.append(line).append('\n');
    }
}
