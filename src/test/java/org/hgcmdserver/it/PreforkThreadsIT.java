package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.awaitIdle;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.template;
import static org.hgcmdserver.it.Processes.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hgcmdserver.it.Session.Answer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Templates with more than one thread, and forks that hang. */
class PreforkThreadsIT {

    /** With a thread that never rests and switches often, many forks come at a bad moment. */
    private static final int CONNECTIONS = 40;

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
    }

    private Daemon startWithExtension(String source) throws Exception {
        Path extension = directory.resolve("extension.py");
        Files.writeString(extension, source);
        Files.writeString(home.resolve(".hgrc"), "[extensions]\nextension=" + extension + "\n");
        return Prefork.start(directory, home);
    }

    @Test
    void threadOfAnExtensionLocksNoWorkerUp() throws Exception {
        String extension =
                """
                import sys, threading
                sys.setswitchinterval(1e-6)
                def spin():
                    while True:
                        pass
                def uisetup(ui):
                    threading.Thread(target=spin, daemon=True).start()
                """;
        try (Daemon daemon = startWithExtension(extension)) {
            assertThat(threads(template(daemon))).isEqualTo(2);
            for (int i = 0; i < CONNECTIONS; i++) {
                awaitIdle(daemon, 1);
                try (Session hg = Session.to(daemon)) {
                    assertThat(command(hg.pid())).contains(Prefork.FORKED);
                    assertThat(hg.run("version", "-q").status()).isZero();
                }
            }
            daemon.stop();
            assertThat(daemon.log()).doesNotContain("is stuck");
        }
    }

    /** hg imports lazily: a module that only workers use would be loaded in each of them anew. */
    @Test
    void workersFindTheModulesLoaded() throws Exception {
        Path lazy = directory.resolve("lazy");
        String extension =
                """
                import os, sys
                def modules():
                    found = [n for n, m in sorted(sys.modules.items())
                             if n.startswith('hgcmdserver') and type(m).__name__ == '_LazyModule']
                    with open('%s', 'a') as lazy:
                        lazy.write(' '.join(found) + '\\n')
                os.register_at_fork(after_in_child=modules)
                """
                        .formatted(lazy);
        try (Daemon daemon = startWithExtension(extension)) {
            Prefork.version(daemon);
            daemon.stop();
        }
        List<String> forks = Files.readAllLines(lazy);
        assertThat(forks).hasSizeGreaterThan(1);
        assertThat(forks.subList(1, forks.size()))
                .as("lazy modules after each fork")
                .containsOnly("");
    }

    @Test
    void forkThatHangsIsEnded() throws Exception {
        assertThat(logWithForksThatHang("")).contains("is stuck; killing it");
    }

    /** With threads, the intermediate process of a fork may hang too. */
    @Test
    void forkThatHangsIsEndedInATemplateWithThreads() throws Exception {
        String thread =
                "import threading; threading.Thread(target=signal.pause, daemon=True).start()";
        logWithForksThatHang(thread); // either of the two processes may hang
    }

    private String logWithForksThatHang(String more) throws Exception {
        Path hang = directory.resolve("hang");
        Path hung = directory.resolve("hung");
        String extension =
                """
                import os, signal
                def hang():
                    if os.path.exists('%s'):
                        with open('%s', 'a') as hung:
                            hung.write('%%d\\n' %% os.getpid())
                        while True:
                            signal.pause()
                os.register_at_fork(after_in_child=hang)
                def uisetup(ui):
                    pass; %s
                """
                        .formatted(hang, hung, more);
        try (Daemon daemon = startWithExtension(extension)) {
            Files.createFile(hang);
            Prefork.version(daemon); // the fork that replaces this worker hangs
            await().until(() -> Files.exists(hung) && Files.size(hung) > 0);
            daemon.stop();
            for (String pid : Files.readAllLines(hung)) {
                assertThat(Processes.isAlive(Long.parseLong(pid))).isFalse();
            }
            return daemon.log();
        }
    }

    /**
     * The profiler of {@code hg serve} would be a thread; each client's command has its own
     * profiler.
     */
    @Test
    void profilingIsForTheCommandsOfClients() throws Exception {
        Files.writeString(home.resolve(".hgrc"), "[profiling]\nenabled=true\n");
        try (Daemon daemon = Prefork.start(directory, home)) {
            assertThat(threads(template(daemon))).isEqualTo(1);
            try (Session hg = Session.to(daemon)) {
                assertThat(command(hg.pid())).contains(Prefork.FORKED);
                Answer answer = hg.run("version", "-q");
                assertThat(answer.out()).startsWith("Mercurial");
                assertThat(answer.err()).containsIgnoringCase("sample"); // or "no samples"
            }
        }
    }

    private static int threads(long pid) throws Exception {
        return Integer.parseInt(Processes.status(pid, "Threads"));
    }
}
