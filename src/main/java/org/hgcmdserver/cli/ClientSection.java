package org.hgcmdserver.cli;

import java.nio.file.Path;
import java.util.List;

/** The settings in the section "[client]" of a configuration file. */
final class ClientSection {

    private final Option<Path> address = Address.option();
    private final Option<String> serverUser = ServerOptions.userOption();

    OptionTable options() {
        return new OptionTable(List.of(address, serverUser));
    }

    /** Null if the section names no socket. */
    Path address() {
        return address.value();
    }

    /** Null if the section names no user. */
    String serverUser() {
        return serverUser.value();
    }
}
