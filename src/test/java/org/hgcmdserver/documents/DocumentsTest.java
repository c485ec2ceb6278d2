package org.hgcmdserver.documents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.hgcmdserver.cli.PicocliModel;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** The documents that the build generates from the list of options. */
class DocumentsTest {

    @Command(
            name = "hg-cmdserver",
            exitCodeList = {"0:fine", "64:wrong usage"})
    static final class Program {}

    @Command(name = "serve", description = "Serves. At length.")
    static final class Serve {
        @Option(
                names = {"-c", "--count"},
                paramLabel = "N",
                defaultValue = "2",
                description = "How many, at 100%%. Default: ${DEFAULT-VALUE}.")
        int count;

        @Option(names = "--drain-timeout", paramLabel = "TIME", description = "How long.")
        String drainTimeout;

        @Option(names = "--config-file", paramLabel = "FILE", description = "This file.")
        String configFile;

        @Option(names = "--loud", description = ".rc and 'quoted' [text].")
        boolean loud;

        @Option(
                names = "--proud",
                arity = "0..1",
                paramLabel = "yes|no",
                defaultValue = "yes",
                description = "Or modest.")
        boolean proud;
    }

    private final CommandLine program =
            new CommandLine(new Program()).addSubcommand("serve", new Serve());

    @Test
    void configurationHasAllOptionsAtTheirDefaultsAndOneSet() {
        assertThat(ConfigurationFile.of(program))
                .contains("\n# How many, at 100%. Default: 2.\n# count = 2\n")
                .contains("\n# How long.\ndrain-timeout = 1min\n")
                .contains("\n# loud = no\n")
                .contains("\n# proud = yes\n")
                .doesNotContain("config-file");
    }

    @Test
    void configurationOfTheProgramItself() {
        CommandLine itself = PicocliModel.commandLine();
        String file = ConfigurationFile.of(itself);
        assertThat(file)
                .contains("\n[client]\n")
                .contains("\n# address = PATH\n")
                .contains("\n# server-user = USER\n\n[serve]\n");
        List<String> lines = file.substring(file.indexOf("[serve]")).lines().toList();
        assertThat(lines).allMatch(line -> line.length() <= 80).contains("# min-idle = 2");
        for (OptionSpec option : Options.configurable(itself)) {
            String line = "(# )?" + Options.key(option) + " = \\S+";
            assertThat(lines).filteredOn(l -> l.matches(line)).as(line).hasSize(1);
        }
    }

    @Test
    void manualPage() {
        ManualPage page = new ManualPage(program, "1.2", "2026-01-01");
        assertThat(page.fill("@version@ @date@")).isEqualTo("1.2 2026-01-01");
        assertThat(page.fill("@options serve@"))
                .contains(".TP\n\\fB\\-c\\fR, \\fB\\-\\-count\\fR=\\fIN\\fR\nHow many, at 100%.")
                .contains(".TP\n\\fB\\-\\-loud\\fR\n\\&.rc");
        assertThat(page.fill("@configuration@")).contains("\\fBloud\\fR = \\fIyes|no\\fR\n");
        assertThat(page.fill("@status@")).contains("\\fB64\\fR\nwrong usage");
        assertThatThrownBy(() -> page.fill("@options fetch@")).hasMessageContaining("fetch");
        assertThatThrownBy(() -> page.fill("@opinions@")).hasMessageContaining("@opinions@");
    }

    @Test
    void zshCompletion() {
        assertThat(new ZshCompletion(program).script())
                .startsWith("#compdef hg-cmdserver\n")
                .contains("'serve:Serves'")
                .contains("'(-c --count)-c+[How many, at 100%]:N:'")
                .contains("'(--config-file)--config-file=[This file]:FILE:_files'")
                .contains("'(--proud)--proud=-[Or modest]::yes|no:(yes no)'")
                .contains("'(--loud)--loud[.rc and '\\''quoted'\\'' \\[text\\]]'");
    }
}
