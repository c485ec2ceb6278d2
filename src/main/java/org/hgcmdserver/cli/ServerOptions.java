package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.client.CommandClient;
import org.hgcmdserver.client.UnreachableException;
import org.hgcmdserver.client.UntrustedServerException;
import org.hgcmdserver.posix.Users;

/** The options that choose the server of a command: its socket, and whose server it may be. */
final class ServerOptions {

    private final Address address = new Address();

    private final Option<String> user =
            userOption()
                    .description(
                            "Also use a server of this user, by name or number. Without this option: the user whom"
                                    + " server-user in the section [client] of a configuration file names, if any."
                                    + " A server of this user's own, or of root's, needs no such option, nor does"
                                    + " one whose socket root's systemd has made.");

    /** An option of this kind without a description. */
    static Option<String> userOption() {
        return Option.text("--server-user").label("USER");
    }

    List<Option<?>> options() {
        return List.of(address.given(), user);
    }

    /** No server answers at the socket, or not one of these users'; the message says what to do. */
    static final class NoServerException extends IOException {

        private static final long serialVersionUID = 1;

        NoServerException(String message, IOException cause) {
            super(message, cause);
        }
    }

    /** See {@link Address#ofServer}. */
    Path socket() throws IOException, ConfigException {
        return address.ofServer();
    }

    /**
     * Connects, and waits as any client does until a worker is free.
     *
     * @throws NoServerException if the socket leads to no server that this command uses
     * @throws ConfigException if a configuration file has an error
     */
    CommandClient connect(Path socket) throws IOException, ConfigException {
        try {
            return user.value() == null
                    ? connectOrLookForAUser(socket)
                    : CommandClient.connect(socket, id(user.value()));
        } catch (UnreachableException e) {
            throw new NoServerException(UnreachableServer.explain(socket, e), e);
        } catch (UntrustedServerException e) {
            throw new NoServerException(explain(e), e);
        }
    }

    private long id(String name) throws OptionException {
        OptionalLong id = Users.userId(name);
        if (id.isEmpty()) {
            throw new OptionException(user.name(), noSuch(name) + "--server-user");
        }
        return id.getAsLong();
    }

    /**
     * Only for a server of another user does the configuration matter. A file is about users, not
     * about sockets: its user counts wherever the address is from.
     */
    private static CommandClient connectOrLookForAUser(Path socket)
            throws IOException, ConfigException {
        try {
            return CommandClient.connect(socket);
        } catch (UntrustedServerException e) {
            OptionalLong configured = e.user().isEmpty() ? OptionalLong.empty() : configuredUser();
            if (configured.isEmpty()) {
                throw e;
            }
            return CommandClient.connect(socket, configured.getAsLong());
        }
    }

    private static OptionalLong configuredUser() throws ConfigException {
        for (Path file : List.of(ConfigPlaces.ofUser(), ConfigPlaces.ofSystem())) {
            String named = ConfigFile.forClients(file).serverUser();
            if (named != null) {
                OptionalLong id = Users.userId(named);
                if (id.isEmpty()) {
                    throw new ConfigException(file + ": " + noSuch(named) + "server-user");
                }
                return id;
            }
        }
        return OptionalLong.empty();
    }

    private static String noSuch(String name) {
        return "there is no user \"" + name + "\"; correct ";
    }

    private static String explain(UntrustedServerException failure) {
        if (failure.user().isEmpty()) {
            return failure.getMessage();
        }
        long id = failure.user().getAsLong();
        String name = Users.name(id).startsWith("uid ") ? "" + id : Users.name(id);
        return "%s; to use a server of that user, give --server-user %s, or server-user = %s in the section [client] of %s"
                .formatted(failure.getMessage(), name, name, ConfigPlaces.ofUser());
    }
}
