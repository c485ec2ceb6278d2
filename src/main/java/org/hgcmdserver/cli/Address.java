package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.listener.ListenException;
import org.hgcmdserver.listener.SocketPlace;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.Users;

/** An option that commands share: the path of the socket. */
final class Address {

    private final Option<Path> given =
            option().description(
                            "The path of the Unix socket. Default: for clients $HG_CMDSERVER_SOCKET, if set, and what"
                                    + " the section [client] of a configuration file names, if any;"
                                    + " else $XDG_RUNTIME_DIR/hg-cmdserver/server.sock (XDG_RUNTIME_DIR is"
                                    + " /run/user/UID if not set), for root /run/hg-cmdserver/server.sock.");

    /** An option of this kind without a description. */
    static Option<Path> option() {
        return Option.of(Path.class, Address::socketPath, "--address").label("PATH");
    }

    Option<?> given() {
        return given;
    }

    /**
     * @throws IOException if the option is absent and there is no default
     */
    Path path() throws IOException {
        return given.value() == null ? defaultPath() : given.value();
    }

    /**
     * The path for a client, which the environment and a configuration file can name too; chg.sh
     * finds the same one.
     *
     * @throws IOException if neither these nor a default give a path
     * @throws ConfigException if a configuration file has an error
     */
    Path ofServer() throws IOException, ConfigException {
        if (given.value() != null) {
            return given.value();
        }
        String named = Environment.inherited().get("HG_CMDSERVER_SOCKET");
        if (named != null && !named.isEmpty()) {
            return PlatformPath.of(named);
        }
        Path configured = ConfigFile.forClients(ConfigPlaces.ofUser()).address();
        Path usual = pathIfAny();
        if (configured == null && (usual == null || !Files.exists(usual))) {
            // a user with a server of their own uses that one
            configured = ConfigFile.forClients(ConfigPlaces.ofSystem()).address();
        }
        return configured == null ? path() : configured;
    }

    /**
     * The path, or null if the option is absent and there is no default: an inherited socket has a
     * path of its own.
     */
    Path pathIfAny() {
        try {
            return path();
        } catch (IOException e) {
            return null;
        }
    }

    /**
     * Checks that a server could bind to the path, as far as it can be seen without doing so. A
     * service whose socket another program binds needs no default path.
     *
     * @throws OptionException if it could not
     */
    void check() throws IOException {
        Path path = pathIfAny();
        if (given.value() != null || path != null && Files.isDirectory(path.getParent())) {
            try {
                SocketPlace.check(path);
            } catch (ListenException e) {
                throw new OptionException(given.name(), PlatformPath.text(path), e.getMessage());
            }
        }
    }

    /**
     * Makes the directory of the default path, which is this program's own; the directory of a
     * given path must exist.
     */
    void makeDefaultDirectory() throws IOException {
        Path directory = path().getParent();
        if (given.value() == null && !Files.isDirectory(directory)) {
            try {
                Files.createDirectory(
                        directory,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            } catch (FileSystemException e) {
                String reason =
                        e instanceof NoSuchFileException
                                ? "there is no directory " + directory.getParent()
                                : "this user cannot make it";
                throw new IOException(
                        "cannot make the directory %s: %s; choose a socket with --address PATH"
                                .formatted(directory, reason),
                        e);
            }
        }
    }

    private static Path defaultPath() throws IOException {
        if (Users.isRoot()) {
            return Path.of("/run/hg-cmdserver/server.sock");
        }
        String runtime = Environment.inherited().get("XDG_RUNTIME_DIR");
        if (runtime == null || runtime.isEmpty()) {
            runtime = "/run/user/" + Users.self(); // where systemd makes it
            if (!Files.isDirectory(Path.of(runtime))) {
                throw new IOException(
                        "XDG_RUNTIME_DIR is not set, and "
                                + runtime
                                + " does not exist; name the socket with --address PATH");
            }
        }
        return PlatformPath.of(runtime).resolve("hg-cmdserver/server.sock");
    }

    private static Path socketPath(String text) {
        if (text.startsWith("@") || text.indexOf('\0') >= 0) {
            throw new ValueException(
                    "'"
                            + text
                            + "' is an abstract name, which has no permissions: everybody on the host could connect; give a path");
        }
        if (text.isEmpty()) {
            throw new ValueException("the path is empty; give the path of a socket");
        }
        return PlatformPath.of(text);
    }
}
