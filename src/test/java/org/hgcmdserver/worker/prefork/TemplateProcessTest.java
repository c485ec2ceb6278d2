package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.children.ExitInTest;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.ManualLoop;
import org.hgcmdserver.posix.MessageLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's side, with a shell script as the template. */
class TemplateProcessTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Announces a copy when a worker is requested; writes that copy's exit status into a file. */
    private static final String WITH_A_COPY =
            """
            say() {
                printf '\\000\\000\\000'"\\\\$(printf %03o ${#1})%s" "$1" >&3
            }
            cd "$0"
            say ready
            dd of=request bs=1 count=1 <&3 2>/dev/null
            sleep 120 >/dev/null 2>&1 3>&- &
            say "successor $!"
            : >announced
            wait $!
            echo $? >exit
            mv exit exited
            """;

    /** The loop has not read the copy's message when it closes the template. */
    @Test
    void endTakesACopyAlongThatHasJustAnnouncedItself(@TempDir Path directory) throws Exception {
        List<String> program = List.of("/bin/sh", "-c", WITH_A_COPY, directory.toString());
        try (ManualLoop manual = new ManualLoop()) {
            Children children = new Children(manual.loop());
            TemplateProcess template =
                    TemplateProcess.start(
                            manual.loop(),
                            children,
                            warmUp -> program,
                            Environment.ofProcess(ProcessHandle.current().pid()),
                            new Unheard());
            await(
                    () -> {
                        manual.run();
                        return template.isReady();
                    });
            template.fork(new NoWorker()).close();
            await(() -> Files.exists(directory.resolve("announced")));
            template.close();
            await(() -> Files.exists(directory.resolve("exited")));
            assertThat(Files.readString(directory.resolve("exited")).trim())
                    .as("128 and SIGKILL")
                    .isEqualTo("137");
            for (int pid : List.copyOf(children.pids())) { // no reaper does
                ExitInTest.of(children, pid);
            }
            manual.run(); // the template's directory goes
        }
    }

    private static void await(Callable<Boolean> condition) {
        Awaitility.await().pollInSameThread().atMost(PATIENCE).until(condition);
    }

    private static final class NoWorker implements MessageLine.Receiver {
        @Override
        public void received(byte[] message) {}

        @Override
        public void ended() {}
    }

    private static final class Unheard implements Template.Listener {
        @Override
        public void ready(Template template) {}

        @Override
        public void without(String missing) {}

        @Override
        public void ended(Template template, String reason) {}
    }
}
