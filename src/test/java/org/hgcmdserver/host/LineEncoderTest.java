package org.hgcmdserver.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalTime;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LineEncoderTest {

    @ParameterizedTest
    @ValueSource(strings = {"00:00:00.000", "07:05:09.012", "10:20:30.405", "23:59:59.999"})
    void timesHaveTwoDigitsAndThreeForMilliseconds(String time) {
        assertThat(LineEncoder.time(LocalTime.parse(time))).isEqualTo(time);
    }
}
