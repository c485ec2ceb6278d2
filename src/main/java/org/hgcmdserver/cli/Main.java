package org.hgcmdserver.cli;

import java.util.List;
import java.util.OptionalInt;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import org.hgcmdserver.host.LogProvider;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.ProcessImage;
import org.hgcmdserver.posix.UnpackedLibraries;

/**
 * Entry point of bin/hg-cmdserver. Neither this class nor {@link ServeCommand} and {@link
 * RunCommand} name a type of picocli, so that a usual start loads none.
 */
public final class Main {

    private static final String SERVE = "serve";

    /** The last failure that this process has reported; null if there was none. */
    private static String reported;

    private Main() {}

    public static void main(String[] decoded) {
        UnpackedLibraries.use(System.getProperty(WorkerOptions.LIB, ""));
        LogProvider.use();
        PlatformPath.replaceUserDir();
        List<String> arguments = ProcessImage.arguments(Main.class, decoded);
        int status = withoutPicocli(arguments).orElseGet(() -> PicocliModel.execute(arguments));
        if (reported != null && !arguments.isEmpty() && arguments.get(0).equals(SERVE)) {
            status = StartFailure.tellQueuedClients(reported, status);
        }
        System.exit(status);
    }

    /** Empty if picocli must parse this command line. */
    private static OptionalInt withoutPicocli(List<String> arguments) {
        String command = arguments.isEmpty() ? "" : arguments.get(0);
        ServeCommand serve = command.equals(SERVE) ? new ServeCommand() : null;
        try {
            if (serve != null) {
                return serve.callWithoutPicocli(arguments);
            }
            return command.equals("run")
                    ? new RunCommand().callWithoutPicocli(arguments)
                    : OptionalInt.empty();
        } catch (Exception | LinkageError e) {
            return OptionalInt.of(failure(e, serve));
        }
    }

    /**
     * Reports the failure of a command.
     *
     * @param serve null if another command has failed
     * @return the exit status
     */
    static int failure(Throwable e, ServeCommand serve) {
        if (e instanceof ConfigException) {
            print(e.getMessage());
            return ExitStatus.CONFIG;
        }
        if (e instanceof OptionException wrong && serve != null) {
            String place = serve.placeInTheFile(wrong);
            print(place == null ? e.getMessage() : place + e.getMessage());
            return place == null ? serve.statusOf(wrong) : ExitStatus.CONFIG;
        }
        print(e.getMessage() == null ? e.toString() : e.getMessage());
        return e instanceof OptionException ? ExitStatus.USAGE : ExitStatus.FAILURE;
    }

    static void print(String message) {
        reported = message.replace('\n', ' ');
        System.err.println("hg-cmdserver: " + reported);
    }

    static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return "hg-cmdserver " + (version == null ? "(not packaged)" : version);
    }
}
