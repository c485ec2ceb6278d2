package org.hgcmdserver.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.PlatformPath;

/** Finds programs as a shell does. */
final class Executables {

    private Executables() {}

    /**
     * The absolute path of the Mercurial to run.
     *
     * @param hg a path, or a name that is looked up in $PATH
     * @throws OptionException if there is no such executable; the message says what to do
     */
    static String find(String hg) throws OptionException {
        if (hg.indexOf('/') >= 0) {
            Path path = PlatformPath.of(hg);
            if (!isExecutable(path)) {
                throw new OptionException(
                        "hg",
                        hg
                                + " is not an executable file; name the path of Mercurial's hg with --hg");
            }
            return PlatformPath.text(path);
        }
        String path = Environment.inherited().get("PATH");
        String searched = path == null ? "/usr/bin:/bin" : path;
        for (String directory : searched.split(":")) {
            String candidate = directory.isEmpty() ? hg : directory + "/" + hg; // execvp(3)
            if (isExecutable(PlatformPath.of(candidate))) {
                return PlatformPath.text(PlatformPath.of(candidate));
            }
        }
        throw new OptionException(
                "hg",
                "there is no %s in %s; install Mercurial or name its path with --hg"
                        .formatted(hg, searched));
    }

    private static boolean isExecutable(Path path) {
        return Files.isRegularFile(path) && Files.isExecutable(path);
    }
}
