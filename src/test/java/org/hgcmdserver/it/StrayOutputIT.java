package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.inHome;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An extension that prints or reads while Mercurial loads it does not affect the connection. */
class StrayOutputIT {

    private static final String PRINTED = "an extension says so";

    @TempDir Path directory;
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectory(directory.resolve("home"));
        Path extension = directory.resolve("talkative.py");
        Files.writeString(
                extension,
                """
                import os, subprocess, sys
                print('%1$s', flush=True)
                def uisetup(ui):
                    os.write(1, b'%1$s\\n')
                    subprocess.call(['echo', '%1$s'])
                    assert os.read(0, 1) == b''
                """
                        .formatted(PRINTED));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\ntalkative=" + extension + "\n");
    }

    private static void assertClean(Daemon daemon, String program) throws Exception {
        try (Session hg = Session.to(daemon)) {
            assertThat(command(hg.pid())).contains(program);
            Session.Answer answer = hg.run("version", "-q");
            assertThat(answer.status()).isZero();
            assertThat(answer.out()).startsWith("Mercurial").doesNotContain(PRINTED);
            assertThat(answer.err()).isEmpty();
        }
        assertThat(daemon.log()).contains(PRINTED);
    }

    @Test
    void isNotTheClients() throws Exception {
        try (Daemon daemon = Daemon.start(directory, inHome(home))) {
            assertClean(daemon, Daemon.PREFORK ? Prefork.FORKED : Prefork.SPAWNED);
        }
    }

    @Test
    void isNotTheClientsOfMercurialsOwnServer() throws Exception {
        Path hg = Prefork.copyMercurial(directory, ProofIT.OTHER_CAPABILITIES);
        try (Daemon daemon =
                Daemon.start(
                        directory,
                        inHome(home),
                        "--hg",
                        hg.toString(),
                        "--workers",
                        Daemon.WORKERS)) {
            daemon.awaitLog(
                    Daemon.PREFORK
                            ? "without the strict server"
                            : "the strict server does not fit");
            if (Daemon.PREFORK) {
                daemon.awaitLog(Prefork.READY);
            }
            assertClean(daemon, Daemon.PREFORK ? Prefork.FORKED : Prefork.SPAWNED);
        }
    }

    @Test
    void isNotTheClientsOfAStaleWorker() throws Exception {
        LeftOut.unless(Daemon.PREFORK, "a spawned worker is never stale");
        try (Daemon daemon = Prefork.start(directory, home)) {
            Files.writeString(
                    home.resolve(".hgrc"), Files.readString(home.resolve(".hgrc")) + "#\n");
            assertClean(daemon, Prefork.SPAWNED);
        }
    }
}
