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
            # What is commented out is the default; a name in capitals stands for a value
            # that has none. Check the file with "hg-cmdserver serve --check"; a running
            # service takes it over, and ends no connection, with
            # "systemctl reload hg-cmdserver.service".
            """;

    /**
     * What an administrator of a host wants otherwise than a user at a terminal: an idle client
     * must not hold up a restart.
     */
    private static final Map<String, String> SET = Map.of("drain-timeout", "1min");

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
