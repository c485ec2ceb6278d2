package org.hgcmdserver.cli;

import static java.util.stream.Collectors.toUnmodifiableSet;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options of a command, from the annotations that picocli reads too. picocli's model and parser
 * are some 170 classes, which take time at each start of the daemon. So this class parses usual
 * command lines itself, and leaves the others to picocli, which reports errors and prints help.
 */
final class OptionTable {

    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, Entry> byName = new HashMap<>();

    private OptionTable() {}

    /**
     * @param command an object with fields that are {@code @Option}, or {@code @Mixin} and not null
     */
    static OptionTable of(Object command) {
        OptionTable table = new OptionTable();
        table.add(command);
        return table;
    }

    private void add(Object owner) {
        for (Field field : owner.getClass().getDeclaredFields()) {
            Option option = field.getAnnotation(Option.class);
            if (option != null) {
                Entry entry = new Entry(option, field, owner);
                entries.add(entry);
                for (String name : option.names()) {
                    byName.put(name, entry);
                }
            } else if (field.isAnnotationPresent(Mixin.class)) {
                add(read(field, owner));
            }
        }
    }

    private static Object read(Field field, Object owner) {
        try {
            field.setAccessible(true);
            return field.get(owner);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e); // the field is our own
        }
    }

    /** Returns the option with this name, dashes included; null if the command has none. */
    Entry find(String name) {
        return byName.get(name);
    }

    /**
     * Sets each option to its value in this command line, or to its default.
     *
     * @return the names, without dashes, of the options that the command line gives; empty if
     *     picocli must parse this command line, which may be wrong, or ask for help
     */
    Optional<Set<String>> parse(List<String> arguments) {
        Map<Entry, List<Object>> given = new LinkedHashMap<>();
        try {
            for (int i = 0; i < arguments.size(); i++) {
                String[] sides = arguments.get(i).split("=", 2);
                Entry entry = byName.get(sides[0]);
                boolean isFollowed =
                        i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("-");
                if (entry == null) {
                    return Optional.empty();
                }
                Object value;
                if (sides.length == 2) {
                    value = entry.valueAfterEquals(sides[0], sides[1]);
                } else if (isFollowed) {
                    value = entry.valueAsAnArgument(arguments.get(++i));
                } else {
                    value = entry.valueOfTheNameAlone();
                }
                List<Object> values = given.computeIfAbsent(entry, e -> new ArrayList<>());
                values.add(value);
                if (values.size() > 1 && !entry.isMultiValue()) {
                    return Optional.empty();
                }
            }
        } catch (Exception unusual) { // also what a converter throws; picocli reports it
            return Optional.empty();
        }
        for (Entry entry : entries) {
            entry.set(given.get(entry));
        }
        return Optional.of(given.keySet().stream().map(Entry::name).collect(toUnmodifiableSet()));
    }

    /** One option: a field of the command, or of an object that the command includes. */
    static final class Entry {

        private static final Object NO_DEFAULT = defaultOf("defaultValue");
        private static final Object NO_FALLBACK = defaultOf("fallbackValue");

        private final Option declared;
        private final Field field;
        private final Object owner;

        /** Null for a text, and for an option that has no value. */
        private final ITypeConverter<?> converter;

        Entry(Option declared, Field field, Object owner) {
            this.declared = declared;
            this.field = field;
            this.owner = owner;
            converter = declared.converter().length == 0 ? null : make(declared.converter()[0]);
        }

        private static Object defaultOf(String element) {
            try {
                return Option.class.getMethod(element).getDefaultValue();
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException(e);
            }
        }

        private static <T> T make(Class<T> type) {
            try {
                var constructor = type.getDeclaredConstructor();
                constructor.setAccessible(true);
                return constructor.newInstance();
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e); // the class is our own
            }
        }

        /** The longest name, without the dashes: the option's name in a configuration file. */
        String name() {
            String longest = "";
            for (String name : declared.names()) {
                longest = name.length() > longest.length() ? name : longest;
            }
            return longest.substring("--".length());
        }

        String typeName() {
            return field.getType().getSimpleName();
        }

        boolean isMultiValue() {
            return field.getType() == List.class;
        }

        /** Whether a value never follows the name. */
        boolean isFlag() {
            return field.getType() == boolean.class && converter == null;
        }

        private boolean isValueOptional() {
            return !NO_FALLBACK.equals(declared.fallbackValue());
        }

        /**
         * @throws Exception what the option's converter throws
         */
        Object convert(String text) throws Exception {
            return converter == null ? text : converter.convert(text);
        }

        private Object valueAfterEquals(String name, String text) throws Exception {
            check(!isFlag() && name.startsWith("--") && !text.startsWith("-"));
            return convert(text);
        }

        private Object valueAsAnArgument(String argument) throws Exception {
            check(!isFlag() && !isValueOptional());
            return convert(argument);
        }

        private Object valueOfTheNameAlone() throws Exception {
            check(isFlag() || isValueOptional());
            return isFlag() ? Boolean.TRUE : convert(declared.fallbackValue());
        }

        /**
         * Sets the option to its values, or to its default.
         *
         * @param values null if the command line does not give the option
         */
        private void set(List<Object> values) {
            if (values != null) {
                set(isMultiValue() ? values : values.get(0));
            } else if (!NO_DEFAULT.equals(declared.defaultValue())) {
                set(convertedDefault());
            }
        }

        private Object convertedDefault() {
            try {
                return convert(declared.defaultValue());
            } catch (Exception e) {
                throw new IllegalStateException(e); // the default is our own
            }
        }

        /**
         * @param value what {@link #convert} returned; a list of that for an option with several
         *     values
         */
        void set(Object value) {
            try {
                field.setAccessible(true);
                field.set(owner, value);
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e); // the field is our own, and not final
            }
        }

        private static void check(boolean isUsual) {
            if (!isUsual) {
                throw new IllegalArgumentException("picocli must parse this");
            }
        }
    }
}
