package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code mvn -Dquick verify} tests of the installed tree. */
@RunsOnce
class SmokeIT {

    @TempDir Path directory;

    @Test
    void workerThatWasForkedAheadAnswers() throws Exception {
        Repository repository =
                Repository.create(directory, "repository").commit("a", "a\n", "the ü");
        // with the launcher's own options for the JVM
        try (Daemon daemon =
                Daemon.start(directory, env -> env.put("HG_CMDSERVER_JAVA_OPTIONS", ""))) {
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.client().hello().fields())
                        .containsEntry("capabilities", "getencoding runcommand");
                assertThat(Prefork.command(hg.pid())).contains(Prefork.FORKED);
                assertThat(hg.run("log", "-R", repository.toString(), "-T", "{desc}"))
                        .isEqualTo(new Session.Answer(0, "the ü", ""));
            }
            daemon.stop();
        }
    }
}
