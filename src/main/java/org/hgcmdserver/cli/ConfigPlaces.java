package org.hgcmdserver.cli;

import java.nio.file.Path;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.PlatformPath;
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
