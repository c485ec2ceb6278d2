package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The titles of the processes, as ps(1) and {@code systemctl status} print them. */
class TitleIT {

    private static final String SELF = System.getProperty("user.name");
    private static final String ROLE = Daemon.PREFORK ? Prefork.FORKED : Prefork.SPAWNED;

    @TempDir Path directory;

    private static String title(long pid) {
        return Prefork.command(pid).strip();
    }

    @Test
    void busyWorkerShowsItsClientAndItsCommand() throws Exception {
        String free = ROLE + " for " + SELF;
        try (Daemon daemon = Daemon.start(directory);
                Session hg = Session.to(daemon)) {
            assertThat(title(hg.pid())).isEqualTo(free);
            Session.Answer answer =
                    hg.run(
                            "version",
                            "-q",
                            "--config",
                            "x.y=http://alice:secret@example.org/\n",
                            "--config",
                            "hooks.pre-version=tr '\\0' ' ' </proc/%d/cmdline".formatted(hg.pid()));
            assertThat(answer.out().lines().findFirst().orElseThrow())
                    .startsWith(
                            free + ": hg version -q --config x.y=http://alice:***@example.org/?");
            await().until(() -> title(hg.pid()).equals(free));
        }
    }

    @Test
    void longCommandIsCutAndTheEnvironmentStaysHidden() throws Exception {
        try (Daemon daemon = Daemon.start(directory, env -> env.put("NOT_TO_BE_SEEN", "1"));
                Session hg = Session.to(daemon)) {
            String hook = "hooks.pre-version=cat /proc/%d/cmdline".formatted(hg.pid());
            String out =
                    hg.run("version", "--config", hook, "--config", "x.y=" + "z".repeat(9000))
                            .out();
            assertThat(out).contains(": hg version").doesNotContain("NOT_TO_BE_SEEN");
            assertThat(out.length()).isLessThan(9000);
        }
    }

    @Test
    void templatesAndIdleWorkersAreTold() throws Exception {
        LeftOut.unless(Daemon.PREFORK, "there is no template");
        LeftOut.unless(Chg.isThere(), "there is no " + Chg.PROGRAM);
        try (Daemon daemon = Daemon.start(directory)) {
            Prefork.awaitIdle(daemon, 1);
            await().until(() -> Chg.isForked(Chg.process(daemon, directory, List.of())));
            List<String> titles =
                    Processes.children(daemon.pid()).stream()
                            .map(TitleIT::title)
                            .filter(title -> !title.isEmpty()) // of processes that have gone
                            .toList();
            assertThat(titles)
                    .contains("hg-cmdserver: template")
                    .contains("hg-cmdserver: template for chg")
                    .contains("hg-cmdserver: idle worker");
            assertThat(Chg.process(daemon, directory, List.of()))
                    .contains(
                            " worker for " + SELF + ": hg version -q --config hooks.pre-version=");
        }
    }
}
