package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Path;
import java.util.ArrayList;
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

    private static String free() {
        return ROLE + " for " + SELF;
    }

    /** Waits until a worker without a command has its title; it changes that after its hello. */
    static void awaitFree(Session hg) {
        await().until(() -> title(hg.pid()).equals(free()));
    }

    @Test
    void busyWorkerShowsItsClientAndItsCommand() throws Exception {
        try (Daemon daemon = Daemon.start(directory);
                Session hg = Session.to(daemon)) {
            awaitFree(hg);
            assertThat(titleDuring(hg, "version", "-q"))
                    .startsWith(free() + ": hg version -q --config hooks.pre-version=***");
            awaitFree(hg);
        }
    }

    /** Everybody can read titles. */
    @Test
    void passwordsAreNotShown() throws Exception {
        Repository repository = Repository.create(directory, "r").commit("a", "a", "one");
        try (Daemon daemon = Daemon.start(directory, "--repository", repository.toString());
                Session hg = Session.to(daemon)) {
            assertThat(titleDuring(hg, "log", "-k", "http://alice:secret@example.org/\n"))
                    .contains(": hg log -k http://alice:***@example.org/? --config ");
            assertThat(titleDuring(hg, "log", "-k", "http://alice:se/cr@et@example.org/"))
                    .contains(": hg log -k http://alice:***@example.org/ --config ");
            assertThat(titleDuring(hg, "log", "--config", "auth.x.password=secret\nsecret"))
                    .contains(": hg log --config auth.x.password=*** --config ");
            assertThat(titleDuring(hg, "log", "--config=auth.x.password=secret"))
                    .contains(": hg log --config=auth.x.password=*** --config ");
        }
    }

    /** The worker's title while it runs this command, as a hook prints it. */
    private static String titleDuring(Session hg, String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of(command));
        String hook = "tr '\\0' ' ' </proc/%d/cmdline; echo".formatted(hg.pid());
        all.addAll(List.of("--config", "hooks.pre-%s=%s".formatted(command[0], hook)));
        Session.Answer answer = hg.run(all.toArray(String[]::new));
        assertThat(answer.status()).as(answer.err()).isZero();
        return answer.out().lines().findFirst().orElseThrow();
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
            await().untilAsserted(
                            () ->
                                    assertThat(Processes.children(daemon.pid()))
                                            .extracting(TitleIT::title)
                                            .contains(
                                                    "hg-cmdserver: template",
                                                    "hg-cmdserver: template for chg",
                                                    "hg-cmdserver: idle worker"));
            assertThat(Chg.process(daemon, directory, List.of()))
                    .contains(
                            " worker for " + SELF + ": hg version -q --config hooks.pre-version=");
        }
    }
}
