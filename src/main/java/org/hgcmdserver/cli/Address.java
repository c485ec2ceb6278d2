package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.Users;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option that commands share: the path of the socket. */
final class Address {

    @Option(
            names = "--address",
            paramLabel = "PATH",
            converter = PathConverter.class,
            description =
                    "The path of the Unix socket. Default: for clients $HG_CMDSERVER_SOCKET, if set;"
                            + " else $XDG_RUNTIME_DIR/hg-cmdserver/server.sock (XDG_RUNTIME_DIR is"
                            + " /run/user/UID if not set), for root /run/hg-cmdserver/server.sock.")
    private Path given;

    /**
     * @throws IOException if the option is absent and there is no default
     */
    Path path() throws IOException {
        return given == null ? defaultPath() : given;
    }

    /**
     * The path for a client, which the environment can name too; chg.sh finds the same one.
     *
     * @throws IOException if neither the option nor the environment names a path, and there is no
     *     default
     */
    Path ofServer() throws IOException {
        String named = Environment.inherited().get("HG_CMDSERVER_SOCKET");
        boolean fromEnvironment = given == null && named != null && !named.isEmpty();
        return fromEnvironment ? PlatformPath.of(named) : path();
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
     * Makes the directory of the default path, which is this program's own; the directory of a
     * given path must exist.
     */
    void makeDefaultDirectory() throws IOException {
        Path directory = path().getParent();
        if (given == null && !Files.isDirectory(directory)) {
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

    static final class PathConverter implements ITypeConverter<Path> {
        @Override
        public Path convert(String value) {
            if (value.startsWith("@") || value.indexOf('\0') >= 0) {
                throw new TypeConversionException(
                        "'"
                                + value
                                + "' is an abstract name, which has no permissions: everybody on the host could connect; give a path");
            }
            if (value.isEmpty()) {
                throw new TypeConversionException("the path is empty; give the path of a socket");
            }
            return PlatformPath.of(value);
        }
    }
}
