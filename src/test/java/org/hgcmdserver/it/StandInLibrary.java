package org.hgcmdserver.it;

import java.nio.file.Files;
import java.nio.file.Path;

/** Libraries in C that stand in for a part of the system. */
final class StandInLibrary {

    private StandInLibrary() {}

    /**
     * Compiles a source file of the test resources. Skips the test if there is no C compiler.
     *
     * @return the path of the library
     */
    static String compile(Path directory, String source) throws Exception {
        LeftOut.unless(
                Processes.run(directory, "sh", "-c", "command -v cc").status() == 0,
                "there is no C compiler (cc) for " + source);
        Path copy = directory.resolve(source);
        try (var in = StandInLibrary.class.getResourceAsStream("/" + source)) {
            Files.copy(in, copy);
        }
        String library = directory.resolve(source + ".so").toString();
        String[] cc = {"cc", "-Wall", "-shared", "-fPIC", "-o", library, copy.toString(), "-ldl"};
        Processes.run(directory, cc).succeeded();
        return library;
    }
}
