package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

class ConfigFileTest {

    @TempDir Path directory;

    /**
     * A parser of {@code serve} would refuse these options, since {@code serve} does not have them.
     * A second parser of these options would convert a value again, or replace the specification's
     * parser.
     */
    @Test
    void eachValueIsConvertedOnceAndByNoOtherParser() throws Exception {
        List<String> converted = new ArrayList<>();
        ITypeConverter<String> converter =
                text -> {
                    converted.add(text);
                    return text + "!";
                };
        CommandSpec spec = CommandSpec.create();
        StringBuilder file = new StringBuilder();
        List<String> inFile = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            spec.addOption(
                    OptionSpec.builder("--o" + i).type(String.class).converters(converter).build());
            file.append("o%d = v%d\n".formatted(i, i));
            inFile.add("v" + i);
        }
        spec.addOption(
                OptionSpec.builder("--list")
                        .type(List.class)
                        .auxiliaryTypes(String.class)
                        .converters(converter)
                        .build());
        file.append("list = a\nlist = b\n");
        inFile.addAll(List.of("a", "b"));
        Path path = Files.writeString(directory.resolve("c"), file);
        CommandLine line = new CommandLine(spec);
        ParseResult given = line.parseArgs("--o7=given");
        assertThat(converted).containsExactly("given");

        ConfigFile config = ConfigFile.read(path, spec);
        config.applyTo(given);

        assertThat(converted.subList(1, converted.size())).isEqualTo(inFile);
        assertThat(spec.commandLine()).isSameAs(line);
        assertThat(spec.findOption("--o6").<String>getValue()).isEqualTo("v6!");
        assertThat(spec.findOption("--o7").<String>getValue()).isEqualTo("given!");
        assertThat(spec.findOption("--list").<List<String>>getValue()).containsExactly("a!", "b!");
    }

    @Test
    void whatTheCommandLineGivesByAnotherNameWins() throws Exception {
        Path path = Files.writeString(directory.resolve("c"), "repository = /file\nquiet = no\n");
        CommandLine serve = new CommandLine(new ServeCommand());
        ParseResult given = serve.parseArgs("-R", "/line", "--quiet");
        ConfigFile.read(path, serve.getCommandSpec()).applyTo(given);
        assertThat(given.commandSpec().findOption("-R").<String>getValue()).isEqualTo("/line");
        assertThat(given.commandSpec().findOption("--quiet").<Boolean>getValue()).isTrue();
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
