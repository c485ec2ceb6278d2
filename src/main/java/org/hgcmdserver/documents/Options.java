package org.hgcmdserver.documents;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The options of a command as picocli has them, and as --help prints them. */
final class Options {

    private static final Set<String> COMMAND_LINE_ONLY =
            Set.of("--config-file", "--check", "--print-config", "--help", "--version");

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

    /** The options of {@code serve} that a configuration file can set. */
    static List<OptionSpec> configurable(CommandLine program) {
        return of(command(program, "serve")).stream()
                .filter(option -> !COMMAND_LINE_ONLY.contains(option.longestName()))
                .toList();
    }

    /** The option's name in a configuration file. */
    static String key(OptionSpec option) {
        return option.longestName().substring("--".length());
    }

    /** Whether the command line gives the option by its name alone. */
    static boolean isFlag(OptionSpec option) {
        return option.arity().max() == 0;
    }

    /** Whether the command line can leave out the option's value. */
    static boolean isValueOptional(OptionSpec option) {
        return option.arity().min() == 0 && !isFlag(option);
    }

    /** The label of the option's value; also of a flag, which has a value only in a file. */
    static String label(OptionSpec option) {
        return isFlag(option) ? "yes|no" : option.paramLabel();
    }

    /** The first sentence of a command's description, without the full stop. */
    static String summary(CommandLine command) {
        return summary(String.join(" ", command.getCommandSpec().usageMessage().description()));
    }

    /** The first sentence of an option's description, without the full stop. */
    static String summary(OptionSpec option) {
        return summary(description(option));
    }

    private static String summary(String text) {
        return text.replaceFirst("\\.( .*)?$", "");
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
