package org.hgcmdserver.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The options of a command by name. picocli's model and parser are some 170 classes, which take
 * time at each start of the daemon. So this class parses usual command lines itself, and leaves the
 * others to picocli, which reports errors and prints help.
 */
final class OptionTable {

    private final List<Option<?>> options;
    private final Map<String, Option<?>> byName = new HashMap<>();

    OptionTable(List<Option<?>> options) {
        this.options = options;
        for (Option<?> option : options) {
            for (String name : option.names()) {
                byName.put(name, option);
            }
        }
    }

    /** All options, in the order in which help shows them. */
    List<Option<?>> options() {
        return options;
    }

    /** Returns the option with this name, dashes included; null if the command has none. */
    Option<?> find(String name) {
        return byName.get(name);
    }

    /**
     * Sets each option to its value in this command line, or to its default.
     *
     * @return the names, without dashes, of the options that the command line gives; empty if
     *     picocli must parse this command line, which may be wrong, or ask for help
     */
    Optional<Set<String>> parse(List<String> arguments) {
        Map<Option<?>, List<Object>> given = new HashMap<>();
        try {
            for (int i = 0; i < arguments.size(); i++) {
                String argument = arguments.get(i);
                int equals = argument.indexOf('=');
                String name = equals < 0 ? argument : argument.substring(0, equals);
                Option<?> option = byName.get(name);
                boolean isFollowed =
                        i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("-");
                if (option == null) {
                    return Optional.empty();
                }
                Object value;
                if (equals >= 0) {
                    value = valueAfterEquals(option, name, argument.substring(equals + 1));
                } else if (isFollowed) {
                    value = valueAsAnArgument(option, arguments.get(++i));
                } else {
                    value = valueOfTheNameAlone(option);
                }
                if (!given.containsKey(option)) {
                    given.put(option, new ArrayList<>());
                } else if (!option.isMultiValue()) {
                    return Optional.empty();
                }
                given.get(option).add(value);
            }
        } catch (RuntimeException unusual) { // also what a converter throws; picocli reports it
            return Optional.empty();
        }
        Set<String> names = new HashSet<>();
        for (Option<?> option : options) {
            List<Object> values = given.get(option);
            if (values != null) {
                option.set(option.isMultiValue() ? values : values.get(0));
                names.add(option.name());
            } else if (option.defaultText() != null) {
                option.set(option.convert(option.defaultText()));
            }
        }
        return Optional.of(names);
    }

    private static Object valueAfterEquals(Option<?> option, String name, String text) {
        check(!option.isFlag() && name.startsWith("--") && !text.startsWith("-"));
        return option.convert(text);
    }

    private static Object valueAsAnArgument(Option<?> option, String argument) {
        check(!option.isFlag() && !option.isValueOptional());
        return option.convert(argument);
    }

    private static Object valueOfTheNameAlone(Option<?> option) {
        check(option.isFlag() || option.isValueOptional());
        return option.isFlag() ? Boolean.TRUE : option.convert(option.fallbackText());
    }

    private static void check(boolean isUsual) {
        if (!isUsual) {
            throw new IllegalArgumentException("picocli must parse this");
        }
    }
}
