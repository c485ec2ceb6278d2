package org.hgcmdserver.cli;

import java.io.PrintWriter;
import java.util.List;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.ProcessImage;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Entry point of bin/hg-cmdserver. */
@Command(
        name = "hg-cmdserver",
        description = "Mercurial's command server as a service of the host.",
        subcommands = {ServeCommand.class, RunCommand.class},
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:success",
            "1:failure",
            "64:wrong usage",
            "78:an error in the configuration file"
        },
        versionProvider = Main.Version.class)
public final class Main {

    private Main() {}

    public static void main(String[] decoded) {
        PlatformPath.replaceUserDir();
        List<String> arguments = ProcessImage.arguments(Main.class, decoded);
        System.exit(commandLine().execute(arguments.toArray(String[]::new)));
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setParameterExceptionHandler(Main::usageError);
        line.setExecutionExceptionHandler(Main::failure);
        line.setUsageHelpAutoWidth(true);
        line.setExpandAtFiles(false); // in Mercurial "@" is a bookmark, or a file name
        return line;
    }

    private static int usageError(ParameterException e, String[] arguments) {
        CommandLine line = e.getCommandLine();
        String name = line.getCommandSpec().qualifiedName();
        print(line.getErr(), e.getMessage() + "; see: " + name + " --help");
        return ExitStatus.USAGE;
    }

    private static int failure(Exception e, CommandLine line, ParseResult parsed) {
        if (e instanceof ConfigException) {
            print(line.getErr(), e.getMessage());
            return ExitStatus.CONFIG;
        }
        if (e instanceof OptionException wrong
                && line.getCommand() instanceof ServeCommand serve
                && serve.placeInTheFile(wrong) != null) {
            print(line.getErr(), serve.placeInTheFile(wrong) + e.getMessage());
            return ExitStatus.CONFIG;
        }
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
            return new String[] {text()};
        }

        static String text() {
            String version = Main.class.getPackage().getImplementationVersion();
            return "hg-cmdserver " + (version == null ? "(not packaged)" : version);
        }
    }
}
