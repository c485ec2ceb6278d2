package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {

    /** The first cases are examples from systemd.time(7). */
    @ParameterizedTest
    @CsvSource({
        "2 h, PT2H",
        "2hours, PT2H",
        "48hr, PT48H",
        "55s500ms, PT55.5S",
        "300ms20s 5day, PT120H20.3S",
        "10min, PT10M",
        "1h 30s, PT1H30S",
        "1h30, PT1H30S",
        "5, PT5S",
        "0.5, PT0.5S",
        "1.5h, PT1H30M",
        "2w, P14D",
        "1M, PT2630016S",
        "1y, PT31557600S",
        "7us, PT0.001S",
        "1ns, PT0.001S",
        "0.1ns, PT0.001S",
        "1001us, PT0.001001S",
    })
    void timeSpans(String text, Duration expected) {
        assertThat(Values.duration(text)).isEqualTo(expected);
    }

    @Test
    void infinity() {
        assertThat(Values.duration("infinity")).isSameAs(Values.INFINITY);
        assertThat(Values.duration("0")).isSameAs(Values.INFINITY);
        assertThat(Values.duration("0h 0.0s")).isSameAs(Values.INFINITY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "s",
                "soon",
                "-1s",
                "1 2x",
                "1e3",
                "101y",
                "1h,30s",
                "1..5s",
                "٣s",
                "999999999999999y",
                "10min infinity"
            })
    void noTimeSpans(String text) {
        assertThatThrownBy(() -> Values.duration(text))
                .isInstanceOf(ValueException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @ParameterizedTest
    @CsvSource({
        "64M, 67108864",
        "64m, 67108864",
        "1.5G, 1610612736",
        "1G 500M, 1598029824",
        "4096, 4096",
        "100B, 100",
        "2T, 2199023255552",
        "512K, 524288"
    })
    void sizes(String text, long bytes) {
        assertThat(Values.size(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "much", "-1", "1X", "K", "99999999999999T"})
    void noSizes(String text) {
        assertThatThrownBy(() -> Values.size(text)).isInstanceOf(ValueException.class);
    }

    @Test
    void modes() {
        assertThat(Values.mode("660")).isEqualTo(0660);
        assertThat(Values.mode("0600")).isEqualTo(0600);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "06", "0680", "1660", "00660", "rwx", "٦٦٠"})
    void noModes(String text) {
        assertThatThrownBy(() -> Values.mode(text)).isInstanceOf(ValueException.class);
    }

    @Test
    void numbers() {
        assertThat(Values.count("0")).isZero();
        assertThat(Values.count("000012")).isEqualTo(12);
        assertThat(Values.limit("999999")).isEqualTo(999_999);
        assertThat(Values.limit(" infinity")).isEqualTo(Integer.MAX_VALUE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+1", "1 ", "0000001", "٣", "1.5"})
    void noNumbers(String text) {
        assertThatThrownBy(() -> Values.count(text)).isInstanceOf(ValueException.class);
        assertThatThrownBy(() -> Values.limit(text)).isInstanceOf(ValueException.class);
        assertThatThrownBy(() -> Values.limit("0")).isInstanceOf(ValueException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "yes,true",
        "YES,true",
        "y,true",
        "true,true",
        "t,true",
        "on,true",
        "1,true",
        "no,false",
        "n,false",
        "false,false",
        "f,false",
        "off,false",
        "0,false"
    })
    void booleans(String text, boolean value) {
        assertThat(Values.bool(text)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "maybe", "2", "ja"})
    void noBooleans(String text) {
        assertThatThrownBy(() -> Values.bool(text)).isInstanceOf(ValueException.class);
    }
}
