package org.hgcmdserver.client;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.hgcmdserver.posix.PeerCredentials;
import org.hgcmdserver.posix.SafePath;
import org.hgcmdserver.posix.Users;

/**
 * Whose servers a client uses: its own user's, root's, who could read all that the client sends in
 * any case, and those of one further user. Whoever else listens at a path, or can put another
 * socket there, would read a command's arguments and input, and write to the client's terminal.
 *
 * @param further the further user, if any
 */
record Trust(OptionalLong further) {

    /**
     * Checks all directories and links that lead to the socket. A service manager listens for
     * services of any user, so at a socket that another user has put there root might listen for
     * that user's server.
     *
     * @param socket an absolute path
     * @throws UntrustedServerException if another user can replace the socket
     * @throws IOException if the way ends early, or this user must not see the rest of it
     */
    void checkWay(Path socket) throws IOException {
        Optional<SafePath.Weakness> found = SafePath.onTheWay(socket, further);
        if (found.isPresent()) {
            boolean isAnotherUsers = found.get().owner().isPresent(); // whom the caller may name
            String remedy = isAnotherUsers ? "" : "; " + found.get().remedy();
            throw untrusted(socket, found.get().reason() + remedy, found.get().owner());
        }
    }

    /**
     * Checks the user as of listen(2). A user whom this process's user namespace may not map is
     * never trusted: all these users have the same id ({@link PeerCredentials}).
     *
     * @throws UntrustedServerException if this is a user whose servers the client does not use
     */
    void checkListener(Path socket, PeerCredentials listener) throws IOException {
        long user = listener.uid();
        boolean isTrusted =
                user == 0
                        || user == Users.self()
                        || further.isPresent() && user == further.getAsLong();
        if (user < 0) {
            throw untrusted(
                    socket,
                    "the user who listens there has no id in this user namespace",
                    OptionalLong.empty());
        }
        if (!isTrusted) {
            throw untrusted(
                    socket,
                    Users.nameAndId(user) + " listens there, who is " + noneOfThese(),
                    OptionalLong.of(user));
        }
    }

    private String noneOfThese() {
        String others = Users.isRoot() ? "root" : "this user nor root";
        if (further.isPresent()) {
            return "neither %s nor %s".formatted(Users.name(further.getAsLong()), others);
        }
        return (Users.isRoot() ? "not " : "neither ") + others;
    }

    private static UntrustedServerException untrusted(
            Path socket, String reason, OptionalLong user) {
        return new UntrustedServerException(
                "cannot trust the server at %s: %s".formatted(socket, reason), user);
    }
}
