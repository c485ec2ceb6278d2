package org.hgcmdserver.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * {@code hg-cmdserver shell-env}, which the launcher runs without Java (shell-env.sh), since each
 * login waits for it. This class declares the command for the help, the manual and the completions.
 */
@Command(
        name = "shell-env",
        description =
                "Prints what a shell evaluates so that its hg is chg at this user's socket, and plain hg where"
                        + " no server listens there.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Main.Version.class)
final class ShellEnvCommand implements Callable<Integer> {

    @Mixin private Address address;

    @Parameters(
            arity = "0..1",
            paramLabel = "SHELL",
            description = "sh, bash, zsh or fish. Default: the one that $SHELL names.")
    private String shell;

    @Override
    public Integer call() throws IOException {
        throw new IOException("only the launcher, bin/hg-cmdserver, can run shell-env");
    }
}
