package org.hgcmdserver.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** Entry point of bin/hg-cmdserver. */
@Command(
        name = "hg-cmdserver",
        description = "Mercurial's command server as a service of the host.",
        subcommands = {ServeCommand.class, RunCommand.class},
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:fine", "1:failure", "64:wrong usage"},
        versionProvider = Main.Version.class)
public final class Main {

    private Main() {}

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setParameterExceptionHandler(Main::usageError);
        line.setExecutionExceptionHandler(Main::failure);
        line.setUsageHelpAutoWidth(true);
        line.setExpandAtFiles(false); // to Mercurial "@" is a bookmark, or a file's name
        return line;
    }

    private static int usageError(CommandLine.ParameterException e, String[] arguments) {
        CommandLine line = e.getCommandLine();
        String name = line.getCommandSpec().qualifiedName();
        print(line.getErr(), e.getMessage() + "; see: " + name + " --help");
        return ExitStatus.USAGE;
    }

    private static int failure(Exception e, CommandLine line, CommandLine.ParseResult parsed) {
        print(line.getErr(), e.getMessage() == null ? e.toString() : e.getMessage());
        return ExitStatus.FAILURE;
    }

    private static void print(PrintWriter err, String message) {
        err.println("hg-cmdserver: " + message.replace('\n', ' '));
        err.flush();
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"hg-cmdserver " + (version == null ? "(not packaged)" : version)};
        }
    }
}
