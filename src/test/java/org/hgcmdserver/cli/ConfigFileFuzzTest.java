package org.hgcmdserver.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * For any content of a configuration file: either {@code serve} fails with a one-line error that
 * names the file and the line, or the file sets {@code serve}'s options as the same words on the
 * command line do.
 */
class ConfigFileFuzzTest {

    private static final Pattern ERROR = Pattern.compile(":(\\d+): ([^\\p{Cntrl}&&[^\t]]+)");

    @TempDir Path directory;

    @FuzzTest
    void optionsAreWhatTheFileSays(byte[] data) throws IOException {
        Path path = directory.resolve("c");
        Files.write(path, data);
        String text = new String(data, UTF_8);
        ServeCommand serve = new ServeCommand();
        OptionTable options = serve.options();
        ConfigFile file;
        try {
            file = ConfigFile.read(path, options);
        } catch (ConfigException e) {
            if (e.getMessage().equals(path + " is not UTF-8")) {
                assertThat(text).contains("\ufffd");
                return;
            }
            assertThat(e).hasMessageStartingWith(path.toString());
            Matcher error = ERROR.matcher(e.getMessage().substring(path.toString().length()));
            assertThat(error.matches()).as("one line: %s", e.getMessage()).isTrue();
            List<String> lines = text.lines().toList();
            int line = Integer.parseInt(error.group(1));
            assertThat(line).isBetween(1, lines.size());
            if (error.group(2).startsWith("Invalid value")) {
                assertThatThrownBy(() -> picocli(argument(lines.get(line - 1))))
                        .isInstanceOf(ParameterException.class)
                        .hasMessage(error.group(2));
            }
            return;
        }
        file.applyUnless(options.parse(List.of()).orElseThrow());
        assertThat(OptionTableTest.values(options))
                .isEqualTo(OptionTableTest.values(picocli(arguments(text))));
    }

    private static CommandLine picocli(String... arguments) {
        CommandLine program = PicocliModel.commandLine();
        // a value can look like an option, or like the end of the options
        program.setAllowOptionsAsOptionParameters(true).setEndOfOptionsDelimiter("\n");
        List<String> line = new ArrayList<>(List.of("serve"));
        line.addAll(List.of(arguments));
        program.parseArgs(line.toArray(String[]::new));
        return program.getSubcommands().get("serve");
    }

    private static String[] arguments(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#") && !line.startsWith(";"))
                .map(ConfigFileFuzzTest::argument)
                .toArray(String[]::new);
    }

    private static String argument(String line) {
        String[] sides = line.split("=", 2);
        return "--" + sides[0].strip() + "=" + sides[1].strip();
    }
}
