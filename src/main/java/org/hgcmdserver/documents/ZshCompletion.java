package org.hgcmdserver.documents;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** A completion function for zsh, as described in zshcompsys(1); picocli has one for bash. */
final class ZshCompletion {

    /** Labels of values that are file names. */
    private static final Set<String> FILES = Set.of("PATH", "FILE", "REPO");

    private final CommandLine program;

    ZshCompletion(CommandLine program) {
        this.program = program;
    }

    String script() {
        StringBuilder commands = new StringBuilder();
        StringBuilder cases = new StringBuilder();
        program.getSubcommands()
                .forEach(
                        (name, command) -> {
                            commands.append("    ").append(quote(name + ":" + summary(command)));
                            commands.append('\n');
                            cases.append("  (").append(name).append(")\n");
                            cases.append("    _arguments -s -S : \\\n");
                            cases.append(arguments(command)).append("    ;;\n");
                        });
        return """
               #compdef hg-cmdserver

               local context state state_descr line
               typeset -A opt_args
               local -a commands
               commands=(
               %s)

               _arguments -C : \\
               %s  ':command:->command' \\
                 '*::argument:->argument' && return

               case $state in
               (command)
                 _describe -t commands command commands
                 ;;
               (argument)
                 case $line[1] in
               %s  esac
                 ;;
               esac
               """
                .formatted(
                        commands,
                        Options.of(program).stream()
                                .map(option -> "  " + specification(option) + " \\\n")
                                .collect(Collectors.joining()),
                        cases);
    }

    private static String summary(CommandLine command) {
        return String.join(" ", command.getCommandSpec().usageMessage().description())
                .replaceFirst("\\.( .*)?$", "");
    }

    private static String arguments(CommandLine command) {
        List<String> all = new ArrayList<>();
        Options.of(command).forEach(option -> all.add(specification(option)));
        if (!command.getCommandSpec().positionalParameters().isEmpty()) {
            // a command line of Mercurial follows "--"; its own completion handles it
            all.add("'*:::Mercurial command:{ words=(hg $words); (( CURRENT++ )); _normal }'");
        }
        return all.stream().collect(Collectors.joining(" \\\n      ", "      ", "\n"));
    }

    private static String specification(OptionSpec option) {
        List<String> names = List.of(option.names());
        String exclusive =
                "("
                        + String.join(
                                " ",
                                option.usageHelp() || option.versionHelp() ? List.of("- *") : names)
                        + ")";
        String text = "[" + escape(Options.description(option)) + "]";
        boolean optional = Options.isValueOptional(option);
        String value =
                Options.isFlag(option)
                        ? ""
                        : (optional ? "::" : ":") + Options.label(option) + ":" + values(option);
        return names.stream()
                .map(name -> exclusive + name + sign(name, option) + text + value)
                .map(ZshCompletion::quote)
                .collect(Collectors.joining(" \\\n      "));
    }

    /**
     * "--name=" takes its value after "=" or as the next word, "--name=-" after "=" only, "-n+" in
     * the same word or the next.
     */
    private static String sign(String name, OptionSpec option) {
        if (Options.isFlag(option)) {
            return "";
        }
        String sign = name.startsWith("--") ? "=" : "+";
        return Options.isValueOptional(option) ? "=-" : sign;
    }

    private static String values(OptionSpec option) {
        if (option.completionCandidates() != null) {
            return StreamSupport.stream(option.completionCandidates().spliterator(), false)
                    .collect(Collectors.joining(" ", "(", ")"));
        }
        String label = Options.label(option);
        if (label.contains("|")) {
            return "(" + label.replace('|', ' ') + ")";
        }
        return FILES.contains(label) ? "_files" : "";
    }

    private static String escape(String text) {
        return text.replace("\\", "\\\\")
                .replace("[", "\\[")
                .replace("]", "\\]")
                .replace(":", "\\:");
    }

    private static String quote(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
