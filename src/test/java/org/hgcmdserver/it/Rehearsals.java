package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An extension that reports from within which commands a template and its workers run. */
final class Rehearsals {

    private final Path seen;

    /** The line that enables the extension, such as "rehearsals=/some/file". */
    final String extension;

    Rehearsals(Path directory) throws IOException {
        seen = directory.resolve("seen");
        Path file = directory.resolve("rehearsals.py");
        Files.writeString(
                file,
                """
                import os
                from mercurial import dispatch, extensions
                def extsetup(ui):
                    def seen(orig, req):
                        with open('%s', 'ab') as f:
                            f.write(b'%%d %%s\\n' %% (os.getpid(), b' '.join(req.args)))
                        return orig(req)
                    extensions.wrapfunction(dispatch, 'dispatch', seen)
                """
                        .formatted(seen));
        extension = "rehearsals=" + file;
    }

    /** Waits until the template and a worker of it have rehearsed. */
    void await(Daemon daemon) throws Exception {
        String template = Prefork.template(daemon) + " ";
        Processes.await()
                .untilAsserted(
                        () -> {
                            List<String> logs =
                                    Files.readAllLines(seen, ISO_8859_1).stream()
                                            .filter(l -> l.contains(" -R /proc/self/fd/"))
                                            .filter(l -> l.endsWith(" log -l1"))
                                            .toList();
                            assertThat(logs).anyMatch(l -> l.startsWith(template));
                            assertThat(logs).anyMatch(l -> !l.startsWith(template));
                        });
    }

    /** The private repository of the daemon's template, which holds its lock. */
    static Path directory(Daemon daemon) throws Exception {
        long template = Prefork.template(daemon);
        Processes.await().until(() -> find(template) != null);
        return Path.of(find(template));
    }

    private static String find(long template) throws IOException {
        return Processes.descriptors(template).stream()
                .map(d -> d.replaceFirst("^\\d+ -> ", ""))
                .filter(d -> d.contains("/hg-cmdserver-"))
                .findFirst()
                .orElse(null);
    }
}
