package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

class ConfigFileTest {

    @TempDir Path directory;

    @Test
    void eachValueIsConvertedOnce() throws Exception {
        Path path =
                Files.writeString(
                        directory.resolve("c"),
                        "text = v1\nother = v2\nlist = a\nlist = b\nplain = p\n");
        Command command = new Command();
        OptionTable options = OptionTable.of(command);
        Set<String> given = options.parse(List.of("--other=given")).orElseThrow();
        assertThat(CONVERTED).containsExactly("given");

        ConfigFile.read(path, options).applyUnless(given);

        assertThat(CONVERTED).containsExactly("given", "v1", "v2", "a", "b");
        assertThat(command.text).isEqualTo("v1!");
        assertThat(command.other).isEqualTo("given!");
        assertThat(command.list).containsExactly("a!", "b!");
        assertThat(command.plain).isEqualTo("p");
    }

    private static final List<String> CONVERTED = new ArrayList<>();

    static final class Recording implements ITypeConverter<String> {
        @Override
        public String convert(String text) {
            CONVERTED.add(text);
            return text + "!";
        }
    }

    private static final class Command {
        @Option(names = "--text", converter = Recording.class)
        private String text;

        @Option(names = "--other", converter = Recording.class)
        private String other;

        @Option(names = "--list", converter = Recording.class)
        private List<String> list = List.of();

        @Option(names = "--plain")
        private String plain;
    }

    @Test
    void whatTheCommandLineGivesByAnotherNameWins() throws Exception {
        Path path = Files.writeString(directory.resolve("c"), "repository = /file\nquiet = no\n");
        ServeCommand serve = new ServeCommand();
        OptionTable options = OptionTable.of(serve);
        Set<String> given = options.parse(List.of("-R", "/line", "--quiet")).orElseThrow();
        ConfigFile.read(path, options).applyUnless(given);
        CommandSpec spec = new CommandLine(serve).getCommandSpec();
        assertThat(spec.findOption("-R").<String>getValue()).isEqualTo("/line");
        assertThat(spec.findOption("--quiet").<Boolean>getValue()).isTrue();
    }

    /** Without a converter {@link ConfigFile} would set the option to a string. */
    @Test
    void optionsThatAreNoTextsHaveAConverter() {
        for (OptionSpec option : new CommandLine(new ServeCommand()).getCommandSpec().options()) {
            boolean alone = option.arity().max() == 0; // such as --check, which no file can set
            if (!alone && option.auxiliaryTypes()[0] != String.class) {
                assertThat(option.converters()).as(option.longestName()).hasSize(1);
            }
        }
    }
}
