package org.hgcmdserver.documents;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Fills a template of a man page with the parts that --help prints too: {@code @options COMMAND@},
 * {@code @configuration@}, {@code @status@}, {@code @version@} and {@code @date@}.
 */
final class ManualPage {

    private static final Pattern PLACE = Pattern.compile("@(\\w+)(?: ([\\w-]+))?@");

    private final CommandLine program;
    private final String version;
    private final String date;

    ManualPage(CommandLine program, String version, String date) {
        this.program = program;
        this.version = version;
        this.date = date;
    }

    String fill(String template) {
        return PLACE.matcher(template).replaceAll(m -> Matcher.quoteReplacement(part(m)));
    }

    private String part(java.util.regex.MatchResult place) {
        return switch (place.group(1)) {
            case "version" -> version;
            case "date" -> date;
            case "options" ->
                    list(Options.of(Options.command(program, place.group(2))), this::onCommandLine);
            case "configuration" -> list(Options.configurable(program), this::inFile);
            case "status" -> statuses();
            default -> throw new IllegalArgumentException("unknown place " + place.group());
        };
    }

    private static String list(List<OptionSpec> options, Function<OptionSpec, String> head) {
        return options.stream()
                .map(option -> entry(head.apply(option), Options.description(option)))
                .collect(Collectors.joining("\n"));
    }

    private static String entry(String head, String text) {
        return ".TP\n" + head + "\n" + line(text);
    }

    private String onCommandLine(OptionSpec option) {
        String names =
                List.of(option.names()).stream()
                        .map(name -> "\\fB" + escape(name) + "\\fR")
                        .collect(Collectors.joining(", "));
        if (Options.isFlag(option)) {
            return names;
        }
        String value = "=" + value(option);
        return names + (Options.isValueOptional(option) ? "[" + value + "]" : value);
    }

    private String inFile(OptionSpec option) {
        return "\\fB" + escape(Options.key(option)) + "\\fR = " + value(option);
    }

    private static String value(OptionSpec option) {
        return "\\fI" + escape(Options.label(option)) + "\\fR";
    }

    private String statuses() {
        Map<String, String> statuses = program.getCommandSpec().usageMessage().exitCodeList();
        return statuses.entrySet().stream()
                .map(e -> entry("\\fB" + e.getKey() + "\\fR", e.getValue()))
                .collect(Collectors.joining("\n"));
    }

    /** groff_char(7): a plain "-" may come out as a hyphen, which cannot be pasted. */
    private static String escape(String text) {
        return text.replace("\\", "\\e").replace("-", "\\-");
    }

    /** A line of text, which groff must not take for a request. */
    private static String line(String text) {
        String escaped = escape(text);
        return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
    }
}
