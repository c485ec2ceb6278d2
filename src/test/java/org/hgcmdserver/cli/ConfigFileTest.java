package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {

    @TempDir Path directory;

    @Test
    void eachValueIsConvertedOnce() throws Exception {
        Path path =
                Files.writeString(
                        directory.resolve("c"),
                        "text = v1\nother = v2\nlist = a\nlist = b\nplain = p\n");
        List<String> converted = new ArrayList<>();
        Function<String, String> recording =
                text -> {
                    converted.add(text);
                    return text + "!";
                };
        Option<String> text = Option.of(String.class, recording, "--text");
        Option<String> other = Option.of(String.class, recording, "--other");
        Option<List<String>> list = Option.listOf(String.class, recording, "--list");
        Option<String> plain = Option.text("--plain");
        OptionTable options = new OptionTable(List.of(text, other, list, plain));
        Set<String> given = options.parse(List.of("--other=given")).orElseThrow();
        assertThat(converted).containsExactly("given");

        ConfigFile.read(path, options).applyUnless(given);

        assertThat(converted).containsExactly("given", "v1", "v2", "a", "b");
        assertThat(text.value()).isEqualTo("v1!");
        assertThat(other.value()).isEqualTo("given!");
        assertThat(list.value()).containsExactly("a!", "b!");
        assertThat(plain.value()).isEqualTo("p");
    }

    @Test
    void whatTheCommandLineGivesByAnotherNameWins() throws Exception {
        Path path = Files.writeString(directory.resolve("c"), "repository = /file\nquiet = no\n");
        ServeCommand serve = new ServeCommand();
        OptionTable options = serve.options();
        Set<String> given = options.parse(List.of("-R", "/line", "--quiet")).orElseThrow();
        ConfigFile.read(path, options).applyUnless(given);
        assertThat(options.find("-R").value()).isEqualTo("/line");
        assertThat(options.find("--quiet").value()).isEqualTo(true);
    }
}
