package org.hgcmdserver.cli;

import static java.nio.file.attribute.PosixFilePermission.GROUP_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.GROUP_WRITE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import org.hgcmdserver.client.UnreachableException;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.Users;

/** Why a client cannot connect to a socket, and what its user can do. */
final class UnreachableServer {

    private static final Path SYSTEMS = Path.of("/run/hg-cmdserver/server.sock");
    private static final Path USERS = Path.of("/run/hg-cmdserver/users");

    private final Path socket;

    private UnreachableServer(Path socket) {
        this.socket = PlatformPath.workingDirectory().resolve(socket);
    }

    /** The failure to connect to a socket, with advice. */
    static String explain(Path socket, UnreachableException failure) {
        return failure.getMessage() + "; " + new UnreachableServer(socket).advice();
    }

    private String advice() {
        if (Files.isDirectory(socket)) {
            return "this is a directory; name the socket in it with --address";
        }
        if (Files.isRegularFile(socket)) {
            return "this is a file, not a socket; name the socket with --address";
        }
        if (Files.exists(socket)) {
            return Files.isWritable(socket)
                    ? "its server has gone; " + start()
                    : permission(socket);
        }
        Path directory = socket.getParent();
        return directory != null && Files.isDirectory(directory) && !Files.isExecutable(directory)
                ? permission(directory)
                : "no server is there; " + start();
    }

    private static String permission(Path file) {
        String user = Users.name(Users.self());
        try {
            PosixFileAttributes found = Files.readAttributes(file, PosixFileAttributes.class);
            boolean isForGroup =
                    found.permissions().contains(found.isDirectory() ? GROUP_EXECUTE : GROUP_WRITE);
            if (!isForGroup || found.group().getName().equals("root")) {
                return "it is for the user " + found.owner().getName() + " alone";
            }
            return ("it is for the group %1$s, to which this process does not belong: root can add its user with"
                            + " \"usermod --append --groups %1$s %2$s\", and the next login has the group")
                    .formatted(found.group().getName(), user);
        } catch (IOException unknown) {
            return "it is not for the user " + user;
        }
    }

    /** How the server at this path starts. */
    private String start() {
        boolean systemd = Files.isDirectory(Path.of("/run/systemd/system"));
        if (systemd && socket.equals(SYSTEMS)) {
            return "start one with: systemctl start hg-cmdserver.socket";
        }
        String name = socket.getFileName().toString();
        if (systemd && USERS.equals(socket.getParent()) && name.endsWith(".sock")) {
            String user = name.substring(0, name.length() - ".sock".length());
            return "start one with: systemctl start hg-cmdserver@" + user + ".socket";
        }
        if (systemd
                && socket.equals(
                        Path.of("/run/user", "" + Users.self(), "hg-cmdserver/server.sock"))) {
            return "start one with: systemctl --user start hg-cmdserver.socket";
        }
        return "start one with: hg-cmdserver serve --address " + socket;
    }
}
