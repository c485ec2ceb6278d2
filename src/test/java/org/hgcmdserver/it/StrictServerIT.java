package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server of both kinds of workers with far more inputs than {@link FloodIT} can send, without a
 * process and a connection for each.
 */
@RunsOnce
class StrictServerIT {

    private static final int INPUTS = 20_000;

    @TempDir Path directory;

    @Test
    void anyBytes() throws Exception {
        String inputs =
                IntStream.range(0, INPUTS)
                        .mapToObj(i -> HexFormat.of().formatHex(FloodIT.input(i)) + "\n")
                        .collect(Collectors.joining());
        Path program = directory.resolve("anybytes.py");
        try (var source = StrictServerIT.class.getResourceAsStream("/anybytes.py")) {
            Files.copy(source, program);
        }
        String library = Daemon.DIST.resolve("lib/python").toString();
        String[] command = {"/usr/bin/python3", program.toString(), library};
        Processes.Result result = Processes.runWithInput(directory, inputs, command).succeeded();
        assertThat(result.out())
                .as("each of the ends has come")
                .containsPattern("complete \\d+\nincomplete \\d+\nunknown \\d+\n");
        int all = result.out().lines().mapToInt(line -> Integer.parseInt(line.split(" ")[1])).sum();
        assertThat(all).isEqualTo(INPUTS);
    }
}
