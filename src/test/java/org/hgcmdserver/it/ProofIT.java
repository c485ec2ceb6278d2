package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.copyMercurial;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is proven on a Mercurial before it serves a client, and how it is served without. */
class ProofIT {

    private static final String PROVEN =
            Daemon.PREFORK ? Prefork.READY : "the strict server answers as plain hg does";

    @TempDir Path directory;

    private Daemon start(Path hg) throws Exception {
        return Daemon.start(directory, "--hg", hg.toString(), "--workers", Daemon.WORKERS);
    }

    private static void assertAnswers(Daemon daemon) throws Exception {
        try (Session hg = Session.to(daemon)) {
            for (int i = 0; i < 2; i++) {
                Session.Answer answer = hg.run("version", "-q");
                assertThat(answer.status()).isZero();
                assertThat(answer.out()).startsWith("Mercurial Distributed SCM");
            }
        }
    }

    private static void assertForked(Daemon daemon) throws Exception {
        if (Daemon.PREFORK) {
            try (Session hg = Session.to(daemon)) {
                assertThat(command(hg.pid())).contains("main.py template");
            }
        }
    }

    @Test
    void allPartsFitTheMachinesMercurial() throws Exception {
        try (Daemon daemon = start(Path.of("/usr/bin/hg"))) {
            daemon.awaitLog(PROVEN);
            assertForked(daemon);
            assertAnswers(daemon);
            assertThat(daemon.log()).doesNotContain("without", "does not fit", "using the server");
        }
    }

    /** Its fault shows after the hello alone. */
    @Test
    void strictServerThatDoesNotFitIsLeftOut() throws Exception {
        Path hg =
                copyMercurial(
                        directory,
                        "sed -i 's/capabilities = {/abilities = {/; s/self[.]capabilities/self.abilities/'"
                                + " mercurial/commandserver.py; sed -i"
                                + " 's/server[.]capabilities/server.abilities/' mercurial/chgserver.py");
        try (Daemon daemon = start(hg)) {
            assertAnswers(daemon); // before the verdict, as like as not
            daemon.awaitLog(
                    Daemon.PREFORK
                            ? "workers are forked without the strict server: "
                            : "the strict server does not fit this Mercurial: ");
            if (Daemon.PREFORK) {
                daemon.awaitLog(Prefork.READY);
            }
            assertForked(daemon);
            assertAnswers(daemon);
        }
    }

    /** A server whose answers are not plain hg's is no fork's, whatever is left out of it. */
    @Test
    void templateWhoseWorkersAnswerOtherwiseServesNoClient() throws Exception {
        assumeThat(Daemon.PREFORK).as("left out: about templates").isTrue();
        Path hg =
                copyMercurial(
                        directory,
                        "sed -i 's/= self._dispatchcommand(req) & 255/= self._dispatchcommand(req) ^ 1/'"
                                + " mercurial/commandserver.py");
        try (Daemon daemon = start(hg)) {
            daemon.awaitLog("no warm Mercurial to fork workers from: Failed: ");
            assertThat(daemon.log()).doesNotContain(Prefork.READY);
        }
    }

    @Test
    void templateIsServedWithoutALookAtChangedFiles() throws Exception {
        assumeThat(Daemon.PREFORK).as("left out: about templates").isTrue();
        Path hg =
                copyMercurial(
                        directory,
                        "f=$(find mercurial -name rcutil.py); sed -i 's/^def rccomponents(/def renamed(/' $f;"
                                + " sed -i 's/rcutil[.]rccomponents(/rcutil.renamed(/' mercurial/*.py"
                                + " mercurial/*/*.py; echo 'rccomponents = None' >>$f;"
                                + " sed -i 's/ rccomponents(/ renamed(/' $f");
        try (Daemon daemon = start(hg)) {
            daemon.awaitLog("workers are forked without a look at changed files: ");
            daemon.awaitLog(Prefork.READY);
            assertForked(daemon);
            assertAnswers(daemon);
        }
    }
}
