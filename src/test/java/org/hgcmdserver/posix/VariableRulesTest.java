package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VariableRulesTest {

    private static final VariableRules RULES =
            new VariableRules(List.of("HOME", "LC_*", "!LOC*", "PYTHONPATH", "!PYTHON*"));

    private static Optional<List<String>> selected(String... entries) {
        return RULES.select(new Environment(List.of(entries))).map(Environment::entries);
    }

    @Test
    void namesAndTheirBeginningsMatter() {
        assertThat(selected("LC_ALL=C", "PATH=/bin", "HOME=/h", "HOMES=", "LC=", "ÿ=1"))
                .contains(List.of("HOME=/h", "LC_ALL=C"));
    }

    @Test
    void firstRuleCounts() {
        assertThat(selected("PYTHONPATH=/a")).contains(List.of("PYTHONPATH=/a"));
        assertThat(selected("HOME=/h", "PYTHONPATHS=/a")).isEmpty();
    }

    @Test
    void orderOfTheEnvironmentDoesNot() {
        assertThat(selected("LC_B=", "LC_A=", "LC_A=")).isEqualTo(selected("LC_A=", "LC_B="));
    }
}
