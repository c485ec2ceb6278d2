package org.hgcmdserver.documents;

import java.util.List;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * What a shell offers to complete a value.
 *
 * @param words all possible values, if {@code kind} is WORDS
 */
record OfferedValues(Kind kind, List<String> words) {

    enum Kind {
        NONE,
        WORDS,
        FILES,
        USERS,
        GROUPS
    }

    static OfferedValues of(OptionSpec option) {
        if (option.completionCandidates() != null) {
            return words(
                    StreamSupport.stream(option.completionCandidates().spliterator(), false)
                            .toList());
        }
        return ofLabel(Options.label(option));
    }

    /** Of an argument that is not an option's. */
    static OfferedValues of(ArgSpec positional) {
        return ofLabel(positional.paramLabel());
    }

    private static OfferedValues ofLabel(String label) {
        return switch (label) {
            case "PATH", "FILE", "REPO" -> of(Kind.FILES);
            case "USER" -> of(Kind.USERS);
            case "GROUP" -> of(Kind.GROUPS);
            case "SHELL" -> words(List.of("sh", "bash", "zsh", "fish"));
            default -> label.contains("|") ? words(List.of(label.split("\\|"))) : of(Kind.NONE);
        };
    }

    private static OfferedValues of(Kind kind) {
        return new OfferedValues(kind, List.of());
    }

    private static OfferedValues words(List<String> words) {
        return new OfferedValues(Kind.WORDS, words);
    }
}
