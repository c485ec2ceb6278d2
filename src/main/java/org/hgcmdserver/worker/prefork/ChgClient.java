package org.hgcmdserver.worker.prefork;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.VariableRules;

/**
 * A process of chg that has connected, as far as that decides which pool serves it. Used in the
 * loop's thread only.
 *
 * @param environment with which the process was started
 * @param relevant its variables on which a process depends before it reads any configuration
 * @param arguments reads the process's argv, one char for each byte
 */
record ChgClient(Environment environment, Environment relevant, Supplier<List<String>> arguments) {

    /**
     * Rules for the variables that Python, the C library or Mercurial look at before the first
     * command, as {@link VariableRules} takes them. A worker checks them again, in the environment
     * that its client sends. The variables with "!" make a new process print something, or are
     * rare: their clients have no pool.
     */
    static final List<String> RULES =
            List.of(
                    "HOME", // has a user's own Python modules
                    "LANG*",
                    "LC_*",
                    "TZDIR",
                    "TZ",
                    "HGDEMANDIMPORT",
                    "HGENCODING*",
                    "HGMODULEPOLICY",
                    "HGPLAIN*",
                    "HGREALINTERFACES",
                    "HGUNICODEPEDANTRY",
                    "HGZSTDPOLICY",
                    "!HGCATAPULT*",
                    "!HGEMITWARNINGS",
                    "!HGTEST_*",
                    "PYTHONDONTWRITEBYTECODE",
                    "PYTHONHASHSEED",
                    "PYTHONIOENCODING",
                    "PYTHONNOUSERSITE",
                    "PYTHONPATH",
                    "PYTHONPYCACHEPREFIX",
                    "PYTHONUNBUFFERED",
                    "PYTHONUSERBASE",
                    "PYTHONUTF8",
                    "!PYTHON*",
                    "!_PYTHON*",
                    "!PYREPL_*",
                    "!DEB_PYTHON*",
                    "LD_LIBRARY_PATH",
                    "!LD_*",
                    "GLIBC_TUNABLES",
                    "MALLOC_*",
                    "!LOCPATH",
                    "!OPENSSL_*");

    private static final VariableRules RELEVANT = new VariableRules(RULES);

    /** A new process would look for these from its own directory, if they are relative. */
    private static final List<String> PATHS =
            List.of(
                    "HOME",
                    "TZDIR",
                    "PYTHONPATH",
                    "PYTHONPYCACHEPREFIX",
                    "PYTHONUSERBASE",
                    "LD_LIBRARY_PATH");

    /** Options of commands that a worker does not run with a configuration that it has. */
    private static final List<String> OTHERWISE =
            List.of("--stdio", "--debugger", "--profile", "--config-file");

    /** A client without a process, such as tests have. */
    static Optional<ChgClient> of(Environment environment) {
        return of(environment, List::of);
    }

    /** A process of this user; empty if no pool can serve it. */
    static Optional<ChgClient> ofProcess(long pid) throws IOException {
        return of(Environment.ofProcess(pid), () -> arguments(pid));
    }

    private static List<String> arguments(long pid) {
        try {
            String line = Files.readString(Path.of("/proc/" + pid + "/cmdline"), ISO_8859_1);
            return Arrays.asList(line.split("\0"));
        } catch (IOException e) { // the client has gone
            return List.of();
        }
    }

    static Optional<ChgClient> of(Environment environment, Supplier<List<String>> arguments) {
        return RELEVANT.select(environment)
                .filter(ChgClient::hasAbsolutePaths)
                .map(relevant -> new ChgClient(environment, relevant, arguments));
    }

    private static boolean hasAbsolutePaths(Environment environment) {
        return PATHS.stream().allMatch(name -> isAbsolute(name, environment.get(name)));
    }

    private static boolean isAbsolute(String name, String value) {
        if (value == null) {
            return true;
        }
        if (value.isEmpty()) {
            return !name.equals("HOME"); // the others count as unset
        }
        return Arrays.stream(value.split(":", -1)).allMatch(element -> element.startsWith("/"));
    }

    /** The directory as the process's shell names it, one char for each byte; empty if unknown. */
    String directory() {
        byte[] directory = environment.getBytes("PWD");
        return directory == null ? "" : new String(directory, ISO_8859_1);
    }

    /**
     * Whether the command line needs another configuration than the user's: it has {@code --config}
     * with an item of one of the sections, or an option for which a worker loads it.
     */
    boolean needsAnother(List<String> sections) {
        List<String> all = arguments.get();
        for (int i = 1; i < all.size(); i++) {
            String argument = all.get(i);
            if (OTHERWISE.contains(argument)) {
                return true;
            }
            String item =
                    argument.startsWith("--config=")
                            ? argument.substring("--config=".length())
                            : all.get(i - 1).equals("--config") ? argument : "";
            if (sections.contains(item.substring(0, Math.max(0, item.indexOf('.'))))) {
                return true;
            }
        }
        return false;
    }
}
