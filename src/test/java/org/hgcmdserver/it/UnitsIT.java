package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** systemd's own check of the units; packaging/boot-test.sh runs them. */
@RunsOnce
class UnitsIT {

    private static final Path UNITS = Path.of("systemd").toAbsolutePath();

    @TempDir Path directory;

    @BeforeAll
    static void systemdIsThere() throws Exception {
        Path anywhere = Path.of("/");
        String found = Processes.run(anywhere, "sh", "-c", "systemd-analyze --version").out();
        boolean able = found.matches("(?s)systemd (25\\d|2[6-9]\\d|[3-9]\\d\\d)\\b.*");
        LeftOut.unless(
                able, "the units are not checked: there is no systemd-analyze, 250 or newer");
    }

    @Test
    void verify() throws Exception {
        assertThat(verify("system", "--system")).isEmpty();
        assertThat(verify("user", "--user")).isEmpty();
    }

    /** Checks a copy of the unit that starts a program installed here. */
    private String verify(String kind, String manager) throws Exception {
        Path copies = Files.createDirectory(directory.resolve(kind));
        List<String> command = new ArrayList<>(List.of("env", "XDG_RUNTIME_DIR=" + directory));
        command.addAll(List.of("systemd-analyze", manager, "--man=no", "verify"));
        for (Path unit : units(kind)) {
            Path copy = copies.resolve(unit.getFileName());
            Files.writeString(
                    copy, Files.readString(unit).replace("/usr/bin/hg-cmdserver", Daemon.PROGRAM));
            command.add(copy.toString());
        }
        Processes.Result result = Processes.run(directory, command.toArray(String[]::new));
        assertThat(result.status()).as(result.err()).isZero();
        return result.out() + result.err();
    }

    @Test
    void theSystemServiceIsExposedLittle() throws Exception {
        Processes.Result result =
                Processes.run(
                        directory,
                        "systemd-analyze",
                        "security",
                        "--no-pager",
                        "--offline=true",
                        "--threshold=30", // 3.0
                        UNITS.resolve("system/hg-cmdserver.service").toString());
        assertThat(result.status()).as(result.out() + result.err()).isZero();
        assertThat(result.out()).contains("Overall exposure level");
    }

    /**
     * The three services run one program: their settings for its life must not differ by accident.
     */
    @Test
    void theServicesAgree() throws Exception {
        Set<String> common =
                settings(
                        "system/hg-cmdserver.service",
                        "Type|NotifyAccess|KillMode|Timeout\\w+|WatchdogSec|Restart\\w*|OOMPolicy|StartLimit\\w+");
        assertThat(common).contains("Type=notify", "KillMode=process").hasSizeGreaterThan(8);
        for (String other : List.of("system/hg-cmdserver@.service", "user/hg-cmdserver.service")) {
            assertThat(settings(other, ".*")).as(other).containsAll(common);
        }
    }

    private static Set<String> settings(String unit, String names) throws IOException {
        try (Stream<String> lines = Files.lines(UNITS.resolve(unit))) {
            return lines.filter(line -> line.matches("(" + names + ")=.*"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static List<Path> units(String kind) throws IOException {
        try (Stream<Path> all = Files.list(UNITS.resolve(kind))) {
            return all.sorted().toList();
        }
    }
}
