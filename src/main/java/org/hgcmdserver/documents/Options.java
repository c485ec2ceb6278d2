package org.hgcmdserver.documents;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What picocli knows of the options of a command, as --help tells it. */
final class Options {

    private static final Set<String> COMMAND_LINE_ONLY =
            Set.of("--config-file", "--check", "--help", "--version");

    private Options() {}

    static CommandLine command(CommandLine program, String name) {
        CommandLine command = program.getSubcommands().get(name);
        if (command == null) {
            throw new IllegalArgumentException("there is no command " + name);
        }
        return command;
    }

    static List<OptionSpec> of(CommandLine command) {
        return command.getCommandSpec().options().stream().filter(o -> !o.hidden()).toList();
    }

    /** Those of {@code serve} that a configuration file can have. */
    static List<OptionSpec> configurable(CommandLine program) {
        return of(command(program, "serve")).stream()
                .filter(option -> !COMMAND_LINE_ONLY.contains(option.longestName()))
                .toList();
    }

    /** The name in a configuration file. */
    static String key(OptionSpec option) {
        return option.longestName().substring("--".length());
    }

    /** Whether it is given by its name alone on the command line. */
    static boolean isFlag(OptionSpec option) {
        return option.arity().max() == 0;
    }

    /** Whether its value can be left out on the command line. */
    static boolean isValueOptional(OptionSpec option) {
        return option.arity().min() == 0 && !isFlag(option);
    }

    /** What a value is called; of a flag, which has one in a file alone, too. */
    static String label(OptionSpec option) {
        return isFlag(option) ? "yes|no" : option.paramLabel();
    }

    static String description(OptionSpec option) {
        String text =
                List.of(option.description()).stream()
                        .map(line -> line.replace("%n", " ").replace("%%", "%"))
                        .collect(Collectors.joining(" "));
        if (text.isBlank()) {
            throw new IllegalStateException(option.longestName() + " has no description");
        }
        return text;
    }
}
