package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class PicocliModelTest {

    /** A field that its group does not list would be an option that no command has. */
    @Test
    void everyDeclaredOptionIsListed() throws Exception {
        ServeCommand serve = new ServeCommand();
        assertThat(serve.options().options()).containsExactlyInAnyOrderElementsOf(declared(serve));
        RunCommand run = new RunCommand();
        assertThat(run.options()).containsExactlyInAnyOrderElementsOf(declared(run));
    }

    /** The options in the fields of an object and of the groups that it includes. */
    private static List<Option<?>> declared(Object owner) throws Exception {
        List<Option<?>> options = new ArrayList<>();
        for (Field field : owner.getClass().getDeclaredFields()) {
            field.setAccessible(true);
            if (field.getType() == Option.class) {
                options.add((Option<?>) field.get(owner));
            } else if (field.getType() == Address.class
                    || field.getType().getSimpleName().endsWith("Options")) {
                options.addAll(declared(field.get(owner)));
            }
        }
        return options;
    }

    @ParameterizedTest
    @CsvSource({"serve, --workers, prefork spawn", "serve, --drain, wait finish"})
    void completionsOfAnEnumerationAreItsNames(String command, String name, String names) {
        CommandLine line = PicocliModel.commandLine().getSubcommands().get(command);
        OptionSpec option = line.getCommandSpec().findOption(name);
        assertThat(option.completionCandidates()).containsExactly(names.split(" "));
    }
}
