package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.hgcmdserver.service.AccessRules;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessOptionsTest {

    private final AccessOptions access = new AccessOptions();
    private final OptionTable options = new OptionTable(access.options());

    @TempDir Path directory;

    @Test
    void namesWithCommasAndRepeated() throws Exception {
        parse("--allow-user=1, 2", "--allow-user", "3", "--allow-group=4");
        assertThat(access.admission().rulesIfInherited())
                .contains(new AccessRules(Set.of(1L, 2L, 3L), Set.of(4L)));
    }

    @ParameterizedTest
    @ValueSource(strings = {",", "", " ", "1,", ",1", "1,,2"})
    void emptyNamesAreNoNames(String names) {
        parse("--allow-user", names);
        assertThatThrownBy(access::admission)
                .as("not the rules that hold without the option")
                .isInstanceOf(OptionException.class)
                .hasMessage("there is no user \"\"; correct --allow-user");
    }

    @Test
    void errorNamesTheLineThatIsWrong() throws Exception {
        Path file = directory.resolve("c");
        Files.writeString(file, "allow-user = 1\nallow-user = 2\nallow-user = 3,\n");
        ConfigFile config = ConfigFile.read(file, options);
        config.applyUnless(parse());
        OptionException wrong = null;
        try {
            access.admission();
        } catch (OptionException e) {
            wrong = e;
        }
        assertThat(config.placeOf(wrong)).isEqualTo(file + ":3: ");
    }

    private Set<String> parse(String... arguments) {
        return options.parse(List.of(arguments)).orElseThrow();
    }
}
