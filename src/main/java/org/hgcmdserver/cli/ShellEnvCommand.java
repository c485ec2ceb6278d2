package org.hgcmdserver.cli;

import java.io.IOException;
import java.util.List;

/**
 * {@code hg-cmdserver shell-env}, which the launcher runs without Java (shell-env.sh), since each
 * login waits for it. This class declares the command for the help, the manual and the completions.
 */
final class ShellEnvCommand {

    static final String DESCRIPTION =
            "Prints what a shell evaluates so that its hg is chg at this user's socket, and plain hg where"
                    + " no server listens there.";

    private final Address address = new Address();

    List<Option<?>> options() {
        return List.of(address.given());
    }

    int call() throws IOException {
        throw new IOException("only the launcher, bin/hg-cmdserver, can run shell-env");
    }
}
