package org.hgcmdserver.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds programs as a shell does. */
final class Executables {

    private Executables() {}

    /**
     * The absolute path of the Mercurial to run.
     *
     * @param hg a path, or a name that is looked up in $PATH
     * @throws OptionException if there is no such executable, with what to do
     */
    static String find(String hg) throws OptionException {
        if (hg.indexOf('/') >= 0) {
            Path path = Path.of(hg).toAbsolutePath();
            if (!isExecutable(path)) {
                throw new OptionException(
                        "hg",
                        hg + " is no executable file; name the path of Mercurial's hg with --hg");
            }
            return path.toString();
        }
        String searched = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        for (String directory : searched.split(":")) {
            Path path = Path.of(directory).toAbsolutePath().resolve(hg);
            if (isExecutable(path)) {
                return path.toString();
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
