package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.Optional;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.SafePath;
import org.hgcmdserver.posix.SafePath.Weakness;
import org.hgcmdserver.posix.Users;

/** Where configuration files are; chg.sh knows the same places. */
final class ConfigPlaces {

    private static final Path SYSTEMS = Path.of("/etc");

    private ConfigPlaces() {}

    /** This user's file, which need not exist; root's is that of the system. */
    static Path ofUser() {
        return in(Users.isRoot() ? SYSTEMS : home());
    }

    static Path ofSystem() {
        return in(SYSTEMS);
    }

    /**
     * Whoever can change a configuration has its readers run programs, such as the hg that it
     * names.
     *
     * @throws ConfigException if somebody but this user and root can; the message names the file,
     *     who that is, and what to do
     */
    static void refuseIfOthersCanWrite(Path file) throws ConfigException {
        Optional<Weakness> found;
        try {
            found = SafePath.ofFile(file);
        } catch (IOException e) {
            String reason = e instanceof AccessDeniedException ? "no permission" : e.getMessage();
            throw new ConfigException("cannot read " + file + ": " + reason);
        }
        if (found.isPresent()) {
            throw new ConfigException(
                    "%s is not read, since %s; %s"
                            .formatted(file, found.get().reason(), found.get().remedy()));
        }
    }

    private static Path in(Path directory) {
        return directory.resolve("hg-cmdserver/hg-cmdserver.conf");
    }

    /** As the XDG Base Directory Specification says. */
    private static Path home() {
        String configuration = Environment.inherited().get("XDG_CONFIG_HOME");
        if (configuration != null && configuration.startsWith("/")) {
            return PlatformPath.of(configuration);
        }
        String home = Environment.inherited().get("HOME");
        return (home != null && home.startsWith("/")
                        ? PlatformPath.of(home)
                        : Path.of(System.getProperty("user.home")).toAbsolutePath())
                .resolve(".config");
    }
}
