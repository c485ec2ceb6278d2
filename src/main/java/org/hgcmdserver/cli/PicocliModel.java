package org.hgcmdserver.cli;

import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.hgcmdserver.cli.ConfigFile.ConfigException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.IGetter;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The program as picocli has it, built from the options that the commands declare: for help, error
 * messages, the documents, and all command lines but a usual one of {@code serve}. No other class
 * of this package names a type of picocli.
 */
public final class PicocliModel {

    private final ServeCommand serve = new ServeCommand();
    private final RunCommand run = new RunCommand();
    private final StatusCommand status = new StatusCommand();
    private final ShellEnvCommand shellEnv = new ShellEnvCommand();

    private final CommandLine line;

    private PicocliModel() {
        CommandSpec program =
                command(
                        "hg-cmdserver",
                        "Mercurial's command server as a service of the host.",
                        List.of(),
                        null);
        program.usageMessage()
                .synopsisSubcommandLabel("COMMAND")
                .exitCodeListHeading("%nExit status:%n")
                .exitCodeList(statuses());
        program.addSubcommand("serve", serve());
        program.addSubcommand("run", run());
        program.addSubcommand(
                "status",
                command("status", StatusCommand.DESCRIPTION, status.options(), status::call));
        program.addSubcommand("shell-env", shellEnv());
        line = new CommandLine(program);
        line.setParameterExceptionHandler(PicocliModel::usageError);
        line.setExecutionExceptionHandler(this::failure);
        line.setUsageHelpAutoWidth(true);
        line.setExpandAtFiles(false); // in Mercurial "@" is a bookmark, or a file name
    }

    public static CommandLine commandLine() {
        return new PicocliModel().line;
    }

    /** Runs a command, or reports what is wrong, and returns the exit status. */
    static int execute(List<String> arguments) {
        return commandLine().execute(arguments.toArray(new String[0]));
    }

    private static Map<String, String> statuses() {
        Map<String, String> statuses = new LinkedHashMap<>();
        statuses.put("0", "success");
        statuses.put("1", "failure");
        statuses.put("3", "status: no server listens at the socket, or that of another user");
        statuses.put("64", "wrong usage: an option, its value, or a command");
        statuses.put("75", "serve: workers were left when --stop-timeout had passed");
        statuses.put("78", "an error in the configuration file");
        return statuses;
    }

    private CommandSpec serve() {
        CommandSpec command =
                command(
                        "serve",
                        ServeCommand.DESCRIPTION,
                        serve.options().options(),
                        this::callServe);
        command.usageMessage().footer(ServeCommand.TIMES);
        return command;
    }

    private int callServe() throws IOException, ConfigException {
        ParseResult parsed = line.getParseResult();
        Set<String> given = new HashSet<>();
        for (OptionSpec option : parsed.subcommand().matchedOptions()) {
            given.add(option.longestName().substring("--".length()));
        }
        return serve.call(parsed.originalArgs(), given);
    }

    private CommandSpec run() {
        PositionalParamSpec arguments =
                PositionalParamSpec.builder()
                        .type(List.class)
                        .auxiliaryTypes(String.class)
                        .arity("1..*")
                        .required(true)
                        .paramLabel("HG-ARGUMENTS")
                        .description("The command and its arguments, after a \"--\".")
                        .build();
        return command(
                        "run",
                        RunCommand.DESCRIPTION,
                        run.options(),
                        () -> run.call(arguments.getValue()))
                .addPositional(arguments);
    }

    private CommandSpec shellEnv() {
        return command("shell-env", ShellEnvCommand.DESCRIPTION, shellEnv.options(), shellEnv::call)
                .addPositional(
                        PositionalParamSpec.builder()
                                .type(String.class)
                                .arity("0..1")
                                .paramLabel("SHELL")
                                .description(
                                        "sh, bash, zsh or fish. Default: the one that $SHELL"
                                                + " names.")
                                .build());
    }

    private static CommandSpec command(
            String name, String description, List<Option<?>> options, Callable<Integer> call) {
        CommandSpec command = CommandSpec.wrapWithoutInspection(call).name(name);
        command.usageMessage().description(description).sortOptions(false);
        for (Option<?> option : options) {
            command.addOption(specification(option));
        }
        return command.mixinStandardHelpOptions(true).version(Main.version());
    }

    private static OptionSpec specification(Option<?> option) {
        Binding value = new Binding(option);
        OptionSpec.Builder builder =
                OptionSpec.builder(option.names())
                        .type(option.isMultiValue() ? List.class : option.type())
                        .auxiliaryTypes(option.type())
                        .description(option.description())
                        .defaultValue(option.defaultText())
                        .initialValue(option.value())
                        .getter(value)
                        .setter(value);
        if (!option.isFlag()) {
            builder.paramLabel(option.label()).converters(text -> convert(option, text));
        }
        if (option.isValueOptional()) {
            builder.arity("0..1").fallbackValue(option.fallbackText());
        }
        if (!option.candidates().isEmpty()) {
            builder.completionCandidates(option.candidates());
        }
        return builder.build();
    }

    private static Object convert(Option<?> option, String text) {
        try {
            return option.convert(text);
        } catch (ValueException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static int usageError(ParameterException e, String[] arguments) {
        String name = e.getCommandLine().getCommandSpec().qualifiedName();
        Main.print(e.getMessage() + suggestion(e) + "; see: " + name + " --help");
        return ExitStatus.USAGE;
    }

    private static String suggestion(ParameterException e) {
        if (!(e instanceof UnmatchedArgumentException unmatched)) {
            return "";
        }
        String given = unmatched.getUnmatched().get(0).split("=", 2)[0];
        List<String> similar = unmatched.getSuggestions(); // the most similar first
        return similar.stream()
                .filter(name -> !given.isEmpty() && name.startsWith(given))
                .findFirst()
                .or(() -> similar.stream().findFirst())
                .map(name -> "; did you mean " + name + "?")
                .orElse("");
    }

    private int failure(Exception e, CommandLine command, ParseResult parsed) {
        return Main.failure(e, command.getCommandName().equals("serve") ? serve : null);
    }

    /** The value of an option, which picocli reads and sets. */
    private static final class Binding implements IGetter, ISetter {

        private final Option<?> option;

        Binding(Option<?> option) {
            this.option = option;
        }

        @Override
        @SuppressWarnings("unchecked")
        public <T> T get() {
            return (T) option.value();
        }

        @Override
        public <T> T set(T value) {
            option.set(value);
            return value;
        }
    }
}
