package org.hgcmdserver.documents;

import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Completions for fish, as described in complete(1) of fish. */
final class FishCompletion {

    private static final String HEAD =
            """
            # fish completions for hg-cmdserver(8)

            function __hg_cmdserver_is_hg -d 'Whether the words are those of hg, behind "run --"'
                contains -- -- (commandline -opc)
            end

            function __hg_cmdserver_hg -d 'What fish completes for hg'
                set -l words (commandline -opc)
                set -l end (contains -i -- -- $words)
                set -e words[1..$end]
                complete -C (string join ' ' -- hg (string escape -- $words) (commandline -ct))
            end

            complete -c hg-cmdserver -f
            complete -c hg-cmdserver -n __hg_cmdserver_is_hg -a '(__hg_cmdserver_hg)'
            """;

    private static final String PROGRAM = "complete -c hg-cmdserver -n ";

    private final CommandLine program;

    FishCompletion(CommandLine program) {
        this.program = program;
    }

    String script() {
        StringBuilder script = new StringBuilder(HEAD);
        Options.of(program).forEach(o -> script.append(option("__fish_use_subcommand", o)));
        program.getSubcommands()
                .forEach(
                        (name, command) -> {
                            script.append(PROGRAM)
                                    .append("__fish_use_subcommand -a ")
                                    .append(name)
                                    .append(" -d ")
                                    .append(quote(Options.summary(command)))
                                    .append('\n');
                            String condition =
                                    quote(
                                            "__fish_seen_subcommand_from %s; and not __hg_cmdserver_is_hg"
                                                    .formatted(name));
                            Options.of(command).forEach(o -> script.append(option(condition, o)));
                            for (PositionalParamSpec positional :
                                    command.getCommandSpec().positionalParameters()) {
                                List<String> words = OfferedValues.of(positional).words();
                                script.append(PROGRAM)
                                        .append(condition)
                                        .append(" -a ")
                                        .append(
                                                quote(
                                                        words.isEmpty()
                                                                ? "--"
                                                                : String.join(" ", words)))
                                        .append('\n');
                            }
                        });
        return script.toString();
    }

    private static String option(String condition, OptionSpec option) {
        String names =
                List.of(option.names()).stream()
                        .map(
                                n ->
                                        n.startsWith("--")
                                                ? "-l " + n.substring(2)
                                                : "-s " + n.substring(1))
                        .collect(Collectors.joining(" "));
        return PROGRAM
                + condition
                + " "
                + names
                + (Options.isFlag(option) ? "" : value(option))
                + " -d "
                + quote(Options.summary(option))
                + "\n";
    }

    private static String value(OptionSpec option) {
        String must = Options.isValueOptional(option) ? "" : " -x";
        OfferedValues offered = OfferedValues.of(option);
        return switch (offered.kind()) {
            case NONE -> must;
            case FILES -> " -r -F";
            case WORDS -> must + " -a " + quote(String.join(" ", offered.words()));
            case USERS -> must + " -a '(__fish_complete_list , __fish_complete_users)'";
            case GROUPS -> must + " -a '(__fish_complete_list , __fish_complete_groups)'";
        };
    }

    private static String quote(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
