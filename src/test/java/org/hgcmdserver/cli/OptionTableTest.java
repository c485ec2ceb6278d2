package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

class OptionTableTest {

    private static final int COMMAND_LINES = 2_000;

    private static final List<String> WORDS =
            List.of(
                    "--debug",
                    "--quiet",
                    "--check",
                    "--hg",
                    "--hg=hg",
                    "--hg=",
                    "-R",
                    "-R=x",
                    "-Rx",
                    "--repository",
                    "--repository=/r",
                    "--idle-timeout",
                    "--idle-timeout=1h 30s",
                    "--idle-timeout=soon",
                    "--workers=spawn",
                    "--workers",
                    "spawn",
                    "Spawn",
                    "--allow-user",
                    "--allow-user=1,2",
                    "--allow-group=3",
                    "--debug=yes",
                    "--quiet=maybe",
                    "--check=yes",
                    "--min-idle=3",
                    "--min-idle",
                    "7",
                    "-1",
                    "yes",
                    "/path",
                    "",
                    "-",
                    "--",
                    "--help",
                    "-h",
                    "--version",
                    "--de",
                    "--debug=",
                    "--max-request",
                    "4K",
                    "--address=@a",
                    "--address",
                    "--socket-mode=0660",
                    "=",
                    "--config-file",
                    "\u00fc",
                    "a=b",
                    "--worker-command=exit 3",
                    "--drain=finish",
                    "--hg=--debug",
                    "--hg=--",
                    "--allow-user=--quiet",
                    "--repository=-Rx",
                    "--hg==x",
                    "--hg=\"a b\"",
                    "@file",
                    "--hg=@file",
                    "--worker-command=${HOME}",
                    "--worker-command=--");

    @Test
    void acceptsWhatPicocliAcceptsWithTheSameValues() {
        Random random = new Random(20161126);
        int accepted = 0;
        for (int i = 0; i < COMMAND_LINES; i++) {
            List<String> line = new ArrayList<>();
            for (int words = random.nextInt(6); words > 0; words--) {
                line.add(WORDS.get(random.nextInt(WORDS.size())));
            }
            ServeCommand serve = new ServeCommand();
            Optional<Set<String>> given = serve.options().parse(line);
            if (given.isPresent()) {
                accepted++;
                ParseResult parsed = byPicocli(line);
                assertThat(values(serve.options()))
                        .as("%s", line)
                        .isEqualTo(values(parsed.commandSpec().commandLine()));
                assertThat(given.get()).as("%s", line).isEqualTo(names(parsed));
                assertThat(parsed.isUsageHelpRequested() || parsed.isVersionHelpRequested())
                        .isFalse();
            }
        }
        assertThat(accepted).isGreaterThan(COMMAND_LINES / 10);
    }

    /** As unit files, scripts and people write them: each kind of option. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "--debug",
                "--quiet --check",
                "--address /run/x --workers prefork --hg /usr/bin/hg",
                "--address=/run/x --workers=prefork --debug=no",
                "-R /repository --allow-user 1 --allow-user=2",
                "--min-idle 0 --max-idle 3 --idle-exit=1h --drain finish"
            })
    void parsesUsualCommandLines(String line) {
        List<String> arguments = line.isEmpty() ? List.of() : List.of(line.split(" "));
        assertThat(new ServeCommand().options().parse(arguments)).isPresent();
    }

    /** Wrong ones, of which picocli's message tells what is wrong. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "--nonesuch",
                "--hg",
                "--hg --debug",
                "--hg=--debug",
                "--worker-command=--",
                "--hg=a --hg=b",
                "--workers=Spawn",
                "--check=yes",
                "--min-idle=-1",
                "repository"
            })
    void leavesWrongOnesToPicocli(String line) {
        List<String> arguments = List.of(line.split(" "));
        assertThat(new ServeCommand().options().parse(arguments)).isEmpty();
        assertThatThrownBy(() -> byPicocli(arguments)).isInstanceOf(ParameterException.class);
    }

    /** {@link OptionTable} has no support for other kinds of options, which picocli has. */
    @Test
    void optionsAreOfTheKindsThatTheTableParses() {
        for (OptionSpec option :
                PicocliModel.commandLine()
                        .getSubcommands()
                        .get("serve")
                        .getCommandSpec()
                        .options()) {
            boolean alone = option.arity().max() == 0 || !option.fallbackValue().isEmpty();
            assertThat(option.arity().max()).as(option.longestName()).isLessThanOrEqualTo(1);
            assertThat(option.arity().min()).as(option.longestName()).isEqualTo(alone ? 0 : 1);
            assertThat(option.required()).as(option.longestName()).isFalse();
            assertThat(option.negatable()).as(option.longestName()).isFalse();
            assertThat(option.splitRegex()).as(option.longestName()).isEmpty();
            assertThat(option.fallbackValue() + option.defaultValue())
                    .as(option.longestName())
                    .doesNotContain("$", "_NULL_");
        }
    }

    /** The result for serve of the program's own parser. */
    private static ParseResult byPicocli(List<String> arguments) {
        List<String> line = new ArrayList<>(List.of("serve"));
        line.addAll(arguments);
        return PicocliModel.commandLine().parseArgs(line.toArray(String[]::new)).subcommand();
    }

    /** The names, as a configuration file has them, of the options in a parsed command line. */
    private static Set<String> names(ParseResult parsed) {
        return parsed.matchedOptions().stream()
                .map(option -> option.longestName().substring("--".length()))
                .collect(Collectors.toSet());
    }

    static Map<String, Object> values(OptionTable options) {
        Map<String, Object> values = new TreeMap<>();
        for (Option<?> option : options.options()) {
            values.put("--" + option.name(), option.value());
        }
        return values;
    }

    /** The values of all options, except picocli's own. */
    static Map<String, Object> values(CommandLine line) {
        Map<String, Object> values = new TreeMap<>();
        for (OptionSpec option : line.getCommandSpec().options()) {
            if (!option.usageHelp() && !option.versionHelp()) {
                values.put(option.longestName(), option.getValue());
            }
        }
        return values;
    }
}
