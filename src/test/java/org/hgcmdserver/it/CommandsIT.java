package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.hgcmdserver.posix.Signal;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Real commands of a real Mercurial over the socket. */
class CommandsIT {

    @RegisterExtension static final SharedDaemon SHARED = new SharedDaemon();

    @TempDir Path directory;
    private Daemon daemon;
    private Repository repository;

    @BeforeEach
    void start() throws Exception {
        repository = Repository.create(directory, "repository");
        daemon = SHARED.get();
    }

    @Test
    void helloHasMercurialsFields() throws Exception {
        try (Session hg = Session.to(daemon)) {
            assertThat(hg.client().hello().fields())
                    .containsOnlyKeys("capabilities", "encoding", "pid", "pgid")
                    .containsEntry("encoding", "UTF-8")
                    .containsEntry("capabilities", "getencoding runcommand");
            assertThat(hg.client().hello().pgid()).isEqualTo(hg.pid());
            assertThat(Processes.children(daemon.pid())).contains((long) hg.pid());
        }
    }

    @Test
    void commitAndLog() throws Exception {
        Files.writeString(repository.path().resolve("a"), "a\n");
        try (Session hg = Session.to(daemon)) {
            String r = repository.toString();
            assertThat(hg.run("add", "--cwd", r).status()).isZero();
            assertThat(hg.run("commit", "-R", r, "-m", "via socket").status()).isZero();
            assertThat(hg.run("log", "-R", r, "-T", "{rev} {desc}\n").out())
                    .isEqualTo("0 via socket\n");
        }
        assertThat(repository.hg("log", "-T", "{desc}").out()).isEqualTo("via socket");
    }

    @Test
    void failingCommandHasItsStatusAndItsError() throws Exception {
        try (Session hg = Session.to(daemon)) {
            Session.Answer answer = hg.run("log", "-R", repository.toString(), "-r", "nonesuch");
            assertThat(answer.status()).isEqualTo(255);
            assertThat(answer.err()).contains("unknown revision 'nonesuch'");
        }
    }

    @Test
    void patchIsImportedFromStandardInput() throws Exception {
        repository.commit("a", "one\n", "first").commit("a", "two\n", "second");
        byte[] patch = repository.hg("export", "tip").out().getBytes(UTF_8);
        Repository other = Repository.create(directory, "other").commit("a", "one\n", "first");
        try (Session hg = Session.to(daemon)) {
            Session.Answer answer = hg.runWithInput(patch, "import", "-R", other.toString(), "-");
            assertThat(answer.status()).as(answer.err()).isZero();
        }
        assertThat(other.hg("log", "-l1", "-T", "{desc}").out()).isEqualTo("second");
    }

    @Test
    void promptIsAnsweredByALineOfInput() throws Exception {
        repository.commit("a", "one\n", "first");
        Files.writeString(repository.path().resolve("a"), "two\n");
        try (Session hg = Session.to(daemon)) {
            String[] commit = {
                "commit",
                "-i",
                "-m",
                "picked",
                "-R",
                repository.toString(),
                "--config",
                "ui.interactive=yes",
                "--config",
                "ui.interface=text"
            };
            Session.Answer answer = hg.runWithInput("y\ny\n".getBytes(UTF_8), commit);
            assertThat(answer.status()).as(answer.err()).isZero();
            assertThat(answer.out()).contains("examine changes to 'a'?");
        }
        assertThat(repository.hg("log", "-l1", "-T", "{desc}").out()).isEqualTo("picked");
    }

    @Test
    void nonAsciiTextComesAsItWent() throws Exception {
        repository.commit("a", "x", "Grüße, 日本語 🐎");
        try (Session hg = Session.to(daemon)) {
            assertThat(hg.run("log", "-R", repository.toString(), "-T", "{desc}").out())
                    .isEqualTo("Grüße, 日本語 🐎");
        }
    }

    @Test
    void tenMegabytesOfOutput() throws Exception {
        String big = "0123456789abcde\n".repeat(10 * 1024 * 1024 / 16);
        repository.commit("big", big, "big");
        try (Session hg = Session.to(daemon)) {
            String r = repository.toString();
            assertThat(hg.run("cat", "--cwd", r, "big").out().equals(big)).isTrue();
        }
    }

    @Test
    void severalCommandsInOneConnection() throws Exception {
        try (Session hg = Session.to(daemon)) {
            for (int i = 0; i < 5; i++) {
                repository.commit("a", "version " + i, "m" + i);
                assertThat(hg.run("cat", "--cwd", repository.toString(), "a").out())
                        .isEqualTo("version " + i);
            }
        }
    }

    @Test
    void fiftyClientsAtOnce() throws Exception {
        repository.commit("a", "x", "the one");
        ExecutorService clients = Executors.newFixedThreadPool(50);
        try {
            List<Callable<String>> all = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                String mark = "client " + i;
                all.add(
                        () -> {
                            try (Session hg = Session.to(daemon)) {
                                String r = repository.toString();
                                return hg.run("log", "-R", r, "-T", mark + " {desc}").out();
                            }
                        });
            }
            List<Future<String>> answers = clients.invokeAll(all);
            for (int i = 0; i < 50; i++) {
                assertThat(answers.get(i).get()).isEqualTo("client " + i + " the one");
            }
        } finally {
            clients.shutdown();
        }
    }

    @Test
    void interruptEndsTheCommandAndNotTheConnection() throws Exception {
        Gate gate = new Gate(directory);
        try (Session hg = Session.to(daemon)) {
            Thread interrupter =
                    new Thread(
                            () -> {
                                gate.awaitReached();
                                try {
                                    hg.client().signal(Signal.SIGINT);
                                } catch (java.io.IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            });
            interrupter.start();
            Session.Answer answer = hg.run("version", "--config", gate.hook("version"));
            interrupter.join();
            assertThat(answer.status()).isEqualTo(255);
            assertThat(answer.err()).contains("interrupted!");
            assertThat(hg.run("root", "-R", repository.toString()).status()).isZero();
        }
    }

    @Test
    void whatHooksPrintStaysOutOfTheProtocol() throws Exception {
        repository.commit("a", "x", "m");
        Path module = directory.resolve("printing.py");
        Files.writeString(
                module,
                """
                import os, sys
                def hook(ui, repo, **kwargs):
                    print('stray print')
                    sys.stdout.flush()
                    os.write(1, b'stray write')
                    ui.write(b'said\\n')
                """);
        try (Session hg = Session.to(daemon)) {
            String hook = "hooks.pre-log=python:" + module + ":hook";
            Session.Answer answer =
                    hg.run("log", "-R", repository.toString(), "-T", "{desc}", "--config", hook);
            assertThat(answer.status()).as(answer.err()).isZero();
            assertThat(answer.out()).isEqualTo("said\nm");
            assertThat(hg.run("root", "-R", repository.toString()).status()).isZero();
        }
    }

    @Test
    void extensionsOfTheConfigurationWork() throws Exception {
        Files.writeString(
                repository.path().resolve(".hg/hgrc"),
                "[ui]\nusername = t\n[extensions]\nrebase=\nhistedit=\nmq=\nlargefiles=\n");
        repository.commit("a", "a\n", "base").commit("b", "b\n", "left");
        repository.hg("update", "0").succeeded();
        repository.commit("c", "c\n", "right");
        String r = repository.toString();
        try (Session hg = Session.to(daemon)) {
            Session.Answer rebase = hg.run("rebase", "-R", r, "-s", "2", "-d", "1");
            assertThat(rebase.status()).as(rebase.err()).isZero();
            assertThat(hg.run("qnew", "-R", r, "patch").status()).isZero();
            assertThat(hg.run("qapplied", "-R", r).out()).isEqualTo("patch\n");
            assertThat(hg.run("help", "histedit", "-R", r).status()).isZero();
            assertThat(hg.run("log", "-R", r, "-T", "{rev}:{desc|firstline} ").out())
                    .isEqualTo("3:[mq]: patch 2:right 1:left 0:base ");
        }
    }
}
