package org.hgcmdserver.listener;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * For any variables: the listener takes descriptor 3 only if the variables pass this very process
 * one socket; if they pass it anything else, an error says so. A case is an environment, one
 * "NAME=value" per line; this process has the id 4711.
 */
class ListenVariablesFuzzTest {

    private static final long PID = 4711;

    @FuzzTest
    void oneSocketOrNone(byte[] data) throws ListenException {
        Map<String, String> environment = new LinkedHashMap<>();
        for (String line : new String(data, UTF_8).split("\n")) {
            String[] sides = line.split("=", 2);
            environment.put(sides[0], sides[sides.length - 1]);
        }
        String pid = environment.getOrDefault("LISTEN_PID", "");
        String count = environment.getOrDefault("LISTEN_FDS", "");
        try {
            Optional<String> name = ListenVariables.nameOfSocket(environment, PID);
            if (name.isPresent()) {
                assertThat(Long.parseLong(pid)).isEqualTo(PID);
                assertThat(Integer.parseInt(count)).isOne();
                assertThat(environment.getOrDefault("LISTEN_FDNAMES", name.get()))
                        .isEqualTo(name.get());
            } else {
                assertThat(pid).isNotEqualTo("4711");
            }
        } catch (ListenException e) {
            assertThat(pid).isEqualTo("4711");
            assertThat(count).isNotEqualTo("1");
            assertThat(e).hasMessageStartingWith("LISTEN_FDS is \"" + count + "\"");
        }
    }
}
