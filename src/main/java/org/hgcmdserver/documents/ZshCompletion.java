package org.hgcmdserver.documents;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A completion function for zsh, as described in zshcompsys(1). */
final class ZshCompletion {

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
                            commands.append("    ")
                                    .append(quote(name + ":" + Options.summary(command)));
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

               _arguments -C -A '-*' : \\
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

    private static String arguments(CommandLine command) {
        List<String> all = new ArrayList<>();
        Options.of(command).forEach(option -> all.add(specification(option)));
        for (PositionalParamSpec positional : command.getCommandSpec().positionalParameters()) {
            all.add(
                    positional.required()
                            // a command line of Mercurial follows "--"; its own completion handles
                            // it
                            ? "'*:::Mercurial command:{ words=(hg $words); (( CURRENT++ )); _normal }'"
                            : "':%s:%s'"
                                    .formatted(
                                            positional.paramLabel(),
                                            action(OfferedValues.of(positional))));
        }
        return all.stream().collect(Collectors.joining(" \\\n      ", "      ", "\n"));
    }

    private static String specification(OptionSpec option) {
        List<String> names = List.of(option.names());
        String exclusive =
                option.isMultiValue()
                        ? "*"
                        : "("
                                + String.join(
                                        " ",
                                        option.usageHelp() || option.versionHelp()
                                                ? List.of("- *")
                                                : names)
                                + ")";
        String text = "[" + escape(Options.summary(option)) + "]";
        boolean optional = Options.isValueOptional(option);
        String value =
                Options.isFlag(option)
                        ? ""
                        : (optional ? "::" : ":")
                                + Options.label(option)
                                + ":"
                                + action(OfferedValues.of(option));
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

    /** See _arguments in zshcompsys(1). */
    private static String action(OfferedValues offered) {
        return switch (offered.kind()) {
            case NONE -> "";
            case WORDS -> "(" + String.join(" ", offered.words()) + ")";
            case FILES -> "_files";
            case USERS -> "_sequence _users";
            case GROUPS -> "_sequence _groups";
        };
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
