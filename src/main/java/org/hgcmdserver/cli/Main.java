package org.hgcmdserver.cli;

import java.util.List;
import java.util.OptionalInt;
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
        subcommands = {ServeCommand.class, RunCommand.class, ShellEnvCommand.class},
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
        System.exit(
                serve(arguments)
                        .orElseGet(() -> commandLine().execute(arguments.toArray(String[]::new))));
    }

    /** Empty if picocli must parse this command line. */
    private static OptionalInt serve(List<String> arguments) {
        if (arguments.isEmpty() || !arguments.get(0).equals("serve")) {
            return OptionalInt.empty();
        }
        ServeCommand serve = new ServeCommand();
        try {
            return serve.callWithoutParser(arguments);
        } catch (Exception e) {
            return OptionalInt.of(failure(e, serve));
        }
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
        String name = e.getCommandLine().getCommandSpec().qualifiedName();
        print(e.getMessage() + "; see: " + name + " --help");
        return ExitStatus.USAGE;
    }

    private static int failure(Exception e, CommandLine line, ParseResult parsed) {
        return failure(e, line.getCommand() instanceof ServeCommand serve ? serve : null);
    }

    /**
     * @param serve null if another command has failed
     */
    private static int failure(Exception e, ServeCommand serve) {
        if (e instanceof ConfigException) {
            print(e.getMessage());
            return ExitStatus.CONFIG;
        }
        if (e instanceof OptionException wrong
                && serve != null
                && serve.placeInTheFile(wrong) != null) {
            print(serve.placeInTheFile(wrong) + e.getMessage());
            return ExitStatus.CONFIG;
        }
        print(e.getMessage() == null ? e.toString() : e.getMessage());
        return ExitStatus.FAILURE;
    }

    private static void print(String message) {
        System.err.println("hg-cmdserver: " + message.replace('\n', ' '));
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
