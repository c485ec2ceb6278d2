package org.hgcmdserver.documents;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** A completion function for bash, as described in bash(1), Programmable Completion. */
final class BashCompletion {

    private final CommandLine program;

    BashCompletion(CommandLine program) {
        this.program = program;
    }

    String script() {
        StringBuilder values = new StringBuilder();
        StringBuilder names = new StringBuilder();
        program.getSubcommands()
                .forEach(
                        (name, command) -> {
                            List<OptionSpec> options = Options.of(command);
                            for (OptionSpec option : options) {
                                if (!Options.isFlag(option)) {
                                    values.append(value(name, option));
                                }
                            }
                            names.append(
                                    "        %s) options='%s' words='%s' ;;\n"
                                            .formatted(name, options(command), words(command)));
                        });
        return """
               # bash completion for hg-cmdserver(8)                       -*- shell-script -*-

               # _hg_cmdserver_value COMMAND OPTION SEPARATOR: offers values of the option for the word $cur; the
               # separator of both is a blank or "=". Returns 1 if the option has no value there.
               _hg_cmdserver_value() {
                   local list=${cur%"${cur##*,}"}
                   case "$1 $2$3" in
               VALUES        *) return 1 ;;
                   esac
               }

               # Files are what bash itself offers if this function offers nothing; without this call.
               _hg_cmdserver_nofiles() {
                   compopt +o default +o bashdefault 2>/dev/null
               }

               # _hg_cmdserver_hg N: offers what hg's own completion offers for the words behind the word N
               _hg_cmdserver_hg() {
                   local specification options
                   COMP_LINE="hg ${COMP_LINE#* -- }"
                   COMP_POINT=${#COMP_LINE}
                   COMP_WORDS=(hg "${COMP_WORDS[@]:$1 + 1}")
                   COMP_CWORD=$((COMP_CWORD - $1))
                   if ! complete -p hg &>/dev/null; then
                       if declare -F _comp_load >/dev/null; then
                           _comp_load -- hg
                       elif declare -F _completion_loader >/dev/null; then
                           _completion_loader hg
                       fi
                   fi
                   specification=$(complete -p hg 2>/dev/null) || return
                   if [[ $specification =~ (.*)' -F '([^ ]+) ]]; then
                       options=${BASH_REMATCH[1]#complete}
                       "${BASH_REMATCH[2]}" hg "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                       # shellcheck disable=SC2086 # several options
                       compopt $options 2>/dev/null
                   fi
               }

               _hg_cmdserver() {
                   local cur=${COMP_WORDS[COMP_CWORD]} command='' prefix='' options='' words='' i
                   COMPREPLY=()
                   for ((i = 1; i < COMP_CWORD; i++)); do
                       case $command:${COMP_WORDS[i]} in
                           run:--) _hg_cmdserver_hg "$i" && return ;;
                           COMMANDS) command=${COMP_WORDS[i]} ;;
                       esac
                   done
                   # "=" separates words, unless the user has changed that
                   if [[ $cur == = ]]; then
                       cur=''
                       _hg_cmdserver_value "$command" "${COMP_WORDS[COMP_CWORD - 1]}" = && return
                   elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
                       _hg_cmdserver_value "$command" "${COMP_WORDS[COMP_CWORD - 2]}" = && return
                   elif [[ $cur == --*=* ]]; then
                       prefix=${cur%%=*}
                       cur=${cur#*=}
                       _hg_cmdserver_value "$command" "$prefix" = && COMPREPLY=("${COMPREPLY[@]/#/"$prefix="}") && return
                   else
                       _hg_cmdserver_value "$command" "${COMP_WORDS[COMP_CWORD - 1]}" ' ' && return
                   fi
                   case $command in
               NAMES        *) options='OPTIONS' words='NAMES_OF_COMMANDS' ;;
                   esac
                   [[ $cur != -* ]] || words="$options $words"
                   _hg_cmdserver_nofiles
                   mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
               }

               complete -o bashdefault -o default -F _hg_cmdserver hg-cmdserver
               """
                .replace("VALUES", values)
                .replace("NAMES_OF_COMMANDS", String.join(" ", program.getSubcommands().keySet()))
                .replace("NAMES", names)
                .replace("OPTIONS", options(program))
                .replace(
                        "COMMANDS",
                        program.getSubcommands().keySet().stream()
                                .map(":%s"::formatted)
                                .collect(Collectors.joining(" | ")));
    }

    /** The case of _hg_cmdserver_value for an option. */
    private static String value(String command, OptionSpec option) {
        List<String> separators =
                Options.isValueOptional(option) ? List.of("=") : List.of("=", " ");
        String cases =
                List.of(option.names()).stream()
                        .flatMap(
                                name ->
                                        separators.stream()
                                                .map(s -> "'%s %s%s'".formatted(command, name, s)))
                        .collect(Collectors.joining(" | "));
        OfferedValues offered = OfferedValues.of(option);
        String offer =
                switch (offered.kind()) {
                    case FILES -> "return 0";
                    case NONE -> "_hg_cmdserver_nofiles";
                    case WORDS ->
                            "_hg_cmdserver_nofiles; mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")"
                                    .formatted(String.join(" ", offered.words()));
                    case USERS -> list("-u");
                    case GROUPS -> list("-g");
                };
        return "        %s) %s; return 0 ;;\n"
                .formatted(cases, offer)
                .replace("return 0; return 0", "return 0");
    }

    /** Values that can be separated by commas. */
    private static String list(String action) {
        return "_hg_cmdserver_nofiles; mapfile -t COMPREPLY < <(compgen %s -P \"$list\" -- \"${cur##*,}\")"
                .formatted(action);
    }

    private static String words(CommandLine command) {
        return command.getCommandSpec().positionalParameters().stream()
                // "--" in front of hg's arguments
                .flatMap(p -> p.required() ? Stream.of("--") : OfferedValues.of(p).words().stream())
                .collect(Collectors.joining(" "));
    }

    private static String options(CommandLine command) {
        return Options.of(command).stream()
                .flatMap(option -> List.of(option.names()).stream())
                .collect(Collectors.joining(" "));
    }
}
