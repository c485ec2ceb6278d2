package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hgcmdserver.it.Prefork.command;
import static org.hgcmdserver.it.Prefork.copyMercurial;
import static org.hgcmdserver.it.Prefork.inHome;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The proof that a Mercurial must pass before it serves a client, and the service without it. */
class ProofIT {

    private static final String PROVEN =
            Daemon.PREFORK ? Prefork.READY : "the strict server answers as plain hg does";

    /** A change of Mercurial that Mercurial's own server does not notice. */
    static final String OTHER_CAPABILITIES =
            "sed -i 's/capabilities = {/abilities = {/; s/self[.]capabilities/self.abilities/'"
                    + " mercurial/commandserver.py; sed -i"
                    + " 's/server[.]capabilities/server.abilities/' mercurial/chgserver.py";

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
                assertThat(command(hg.pid())).contains(Prefork.FORKED);
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
            daemon.stop();
        }
    }

    /** An extension's wrappers around Mercurial's functions stay in place. */
    @Test
    void extensionSeesTheCommandsOfClients() throws Exception {
        Path home = Files.createDirectory(directory.resolve("home"));
        Files.writeString(home.resolve(".hgrc"), "[extensions]\njournal=\n");
        Repository repository = Repository.create(directory, "repository").commit("a", "x", "m");
        try (Daemon daemon = Daemon.start(directory, inHome(home), "--workers", Daemon.WORKERS)) {
            daemon.awaitLog(PROVEN);
            try (Session hg = Session.to(daemon)) {
                hg.run("bookmark", "-R", repository.toString(), "b");
                Session.Answer answer = hg.run("journal", "-R", repository.toString(), "--all");
                assertThat(answer.out()).contains("bookmark -R").doesNotContain("serve");
            }
        }
    }

    /** A user's aliases for template keywords are not a worker's fault. */
    @Test
    void templateAliasesOfTheUserFailNoProof() throws Exception {
        LeftOut.unless(Daemon.PREFORK, "spawned workers are proven without configuration");
        Path home = Files.createDirectory(directory.resolve("home"));
        Files.writeString(home.resolve(".hgrc"), "[templatealias]\ndesc=\"x\"\nnode=\"y\"\n");
        try (Daemon daemon =
                Daemon.start(
                        directory,
                        inHome(home)
                                .andThen(env -> env.put("HGPLAINEXCEPT", "templatealias,alias")),
                        "--workers",
                        Daemon.WORKERS)) {
            daemon.awaitLog(PROVEN);
            assertForked(daemon);
            daemon.stop();
        }
    }

    /**
     * The daemon may run in the tree of a repository: the proof must not run that repository's
     * programs.
     */
    @Test
    void nothingOfARepositoryAroundTheDaemonRuns() throws Exception {
        Path ran = directory.resolve("ran");
        Path extension = directory.resolve("noting.py");
        Files.writeString(
                extension,
                """
                import sys
                def uisetup(ui):
                    with open('%s', 'a') as ran:
                        ran.write(' '.join(sys.argv[1:]) + '\\n')
                """
                        .formatted(ran));
        Processes.run(directory, "hg", "init").succeeded();
        Files.writeString(
                directory.resolve(".hg/hgrc"),
                "[extensions]\nnoting=%1$s\n[hooks]\npre-version=echo version >>%2$s\npre-log=echo log >>%2$s\n"
                        .formatted(extension, ran));
        try (Daemon daemon = start(Path.of("/usr/bin/hg"))) {
            daemon.awaitLog(PROVEN);
            daemon.stop();
        }
        if (Files.exists(ran)) { // hg serve itself ran it, since this is its directory
            assertThat(Files.readAllLines(ran)).allMatch(line -> line.startsWith("serve"));
        }
    }

    /** An unproven Mercurial serves a stale worker's connection. */
    @Test
    void upgradeToAMercurialThatTheStrictServerDoesNotFit() throws Exception {
        LeftOut.unless(Daemon.PREFORK, "a spawned worker is never stale");
        Path hg = copyMercurial(directory, ":");
        try (Daemon daemon = start(hg)) {
            daemon.awaitLog(Prefork.READY);
            Processes.run(hg.getParent().resolve("../lib"), "sh", "-c", OTHER_CAPABILITIES)
                    .succeeded();
            assertAnswers(daemon);
            daemon.awaitLog("workers are forked without the strict server: ");
            assertAnswers(daemon);
            daemon.stop();
        }
    }

    /** The fault shows only after the hello. */
    @Test
    void strictServerThatDoesNotFitIsLeftOut() throws Exception {
        Path hg = copyMercurial(directory, OTHER_CAPABILITIES);
        try (Daemon daemon = start(hg)) {
            assertAnswers(daemon); // probably before the verdict
            daemon.awaitLog(
                    Daemon.PREFORK
                            ? "workers are forked without the strict server: "
                            : "the strict server does not fit this Mercurial: ");
            if (Daemon.PREFORK) {
                daemon.awaitLog(Prefork.READY);
            }
            assertForked(daemon);
            assertAnswers(daemon);
            daemon.stop();
        }
    }

    /**
     * A server whose answers differ from plain hg's is not forked, whatever parts are left out of
     * it.
     */
    @Test
    void templateWhoseWorkersAnswerOtherwiseServesNoClient() throws Exception {
        LeftOut.unless(Daemon.PREFORK, "spawned workers have no template");
        Path hg =
                copyMercurial(
                        directory,
                        "sed -i 's/= self._dispatchcommand(req) & 255/= self._dispatchcommand(req) ^ 1/'"
                                + " mercurial/commandserver.py");
        try (Daemon daemon = start(hg)) {
            daemon.awaitLog("no warm Mercurial to fork workers from: Failed: ");
            assertThat(daemon.log()).doesNotContain(Prefork.READY);
            daemon.stop();
        }
    }

    @Test
    void templateIsServedWithoutALookAtChangedFiles() throws Exception {
        LeftOut.unless(Daemon.PREFORK, "spawned workers have no template");
        Path hg =
                copyMercurial(
                        directory,
                        "f=$(find mercurial -name rcutil.py); sed -i 's/^def rccomponents(/def renamed(/' $f;"
                                + " sed -i 's/rcutil[.]rccomponents(/rcutil.renamed(/' mercurial/*.py"
                                + " mercurial/*/*.py; echo 'rccomponents = None' >>$f;"
                                + " sed -i 's/ rccomponents(/ renamed(/' $f");
        try (Daemon daemon = start(hg)) {
            daemon.awaitLog("workers are forked without the staleness check: ");
            daemon.awaitLog(Prefork.READY);
            assertForked(daemon);
            assertAnswers(daemon);
            daemon.stop();
        }
    }
}
