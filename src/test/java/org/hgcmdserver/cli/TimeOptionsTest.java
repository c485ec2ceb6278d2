package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** All options of {@code serve} that take a time read it by one rule, also those still to come. */
class TimeOptionsTest {

    private static final List<String> NO_LIMIT = List.of("0", "0s", "0.0h", " infinity ");

    private static final List<String> SHORTEST = List.of("1ns", "0.1ns", "1us", "999us", "1ms");

    static Stream<Option<?>> timeOptions() {
        return new ServeCommand()
                .options().options().stream().filter(option -> option.type() == Duration.class);
    }

    @Test
    void thereAreSome() {
        assertThat(timeOptions()).extracting(Option::name).contains("idle-timeout", "idle-exit");
    }

    @ParameterizedTest
    @MethodSource("timeOptions")
    void zeroIsInfinity(Option<?> option) {
        for (String text : NO_LIMIT) {
            if (option.name().equals("poll-interval")) { // the service must poll
                assertThatThrownBy(() -> option.convert(text)).isInstanceOf(ValueException.class);
            } else {
                Duration read = (Duration) option.convert(text);
                assertThat(Values.finite(read)).as(text).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("timeOptions")
    void shortSpanIsNotZero(Option<?> option) {
        for (String text : SHORTEST) {
            assertThat(option.convert(text)).as(text).isEqualTo(Duration.ofMillis(1));
        }
    }

    @ParameterizedTest
    @MethodSource("timeOptions")
    void labelIsTheOneThatHelpExplains(Option<?> option) {
        assertThat(option.label()).isEqualTo("TIME");
        assertThat(ServeCommand.TIMES).startsWith(option.label() + " is a time span");
    }
}
