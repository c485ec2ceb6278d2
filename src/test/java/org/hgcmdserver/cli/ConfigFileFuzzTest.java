package org.hgcmdserver.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Whatever a configuration file says: there is one line of an error that names the file and the
 * line, or {@code serve} has just the options and the values that stand in the file.
 */
class ConfigFileFuzzTest {

    private static final Pattern ERROR = Pattern.compile(":(\\d+): [^\\p{Cntrl}&&[^\t]]+");

    private final CommandLine serve = new CommandLine(new ServeCommand());
    private final ParseResult nothing = serve.parseArgs();

    @TempDir Path directory;

    @FuzzTest
    void optionsAreWhatTheFileSays(byte[] data) throws IOException {
        Path path = directory.resolve("c");
        Files.write(path, data);
        String text = new String(data, UTF_8);
        ConfigFile file;
        try {
            file = ConfigFile.read(path, serve);
        } catch (ConfigException e) {
            if (e.getMessage().equals(path + " is not UTF-8")) {
                assertThat(text).contains("\ufffd");
                return;
            }
            assertThat(e).hasMessageStartingWith(path.toString());
            Matcher error = ERROR.matcher(e.getMessage().substring(path.toString().length()));
            assertThat(error.matches()).as("one line: %s", e.getMessage()).isTrue();
            assertThat(Integer.parseInt(error.group(1))).isBetween(1, (int) text.lines().count());
            return;
        }
        ParseResult parsed =
                new CommandLine(new ServeCommand())
                        .setExpandAtFiles(false)
                        .parseArgs(file.argumentsBeside(nothing).toArray(String[]::new));
        Map<String, List<String>> expected = valuesByName(text);
        assertThat(parsed.matchedOptionsSet()).hasSameSizeAs(expected.keySet());
        expected.forEach((name, values) -> compare(parsed.matchedOption(name), values));
    }

    private static Map<String, List<String>> valuesByName(String text) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#") && !line.startsWith(";"))
                .map(line -> line.split("=", 2))
                .forEach(
                        sides ->
                                values.computeIfAbsent(sides[0].strip(), n -> new ArrayList<>())
                                        .add(sides[1].strip()));
        return values;
    }

    private static void compare(OptionSpec option, List<String> values) {
        if (option.isMultiValue()) {
            assertThat(option.<List<String>>getValue()).isEqualTo(values);
        } else if (option.type() == String.class) {
            assertThat(values).containsExactly(option.<String>getValue());
        } else {
            assertThat(option.originalStringValues()).isEqualTo(values);
        }
    }
}
