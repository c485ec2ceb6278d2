package org.hgcmdserver.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.hgcmdserver.posix.PlatformPath;

/**
 * One option of a command: what help shows of it, how a text becomes its value, and the value. A
 * command declares each option once, as a field; {@link OptionTable}, {@link ConfigFile} and {@link
 * PicocliModel} read the declaration. The daemon's start does without annotations, since reading
 * them takes time.
 *
 * @param <T> the type of the value: a list for an option that can be repeated
 */
final class Option<T> {

    private final Class<?> type;

    /** Null for a flag, which has no text to convert. */
    private final Function<String, ?> converter;

    private final boolean multiValue;
    private final String[] names;

    private String label;
    private String description;
    private String defaultText;
    private String fallbackText;
    private List<String> candidates = List.of();

    /** The texts whose values these are. */
    private final Map<Object, String> texts = new HashMap<>();

    private T value;

    private Option(
            Class<?> type, Function<String, ?> converter, boolean multiValue, String... names) {
        this.type = type;
        this.converter = converter;
        this.multiValue = multiValue;
        this.names = names;
    }

    /** An option without a value: the name alone means yes. */
    static Option<Boolean> flag(String... names) {
        Option<Boolean> option = new Option<>(Boolean.class, null, false, names);
        option.value = false;
        return option;
    }

    static Option<String> text(String... names) {
        return of(String.class, text -> text, names);
    }

    static Option<Path> path(String... names) {
        return of(Path.class, Values::path, names);
    }

    static Option<Boolean> bool(String... names) {
        return of(Boolean.class, Values::bool, names);
    }

    static Option<Duration> duration(String... names) {
        return of(Duration.class, Values::duration, names);
    }

    /** A number of at least 0. */
    static Option<Integer> count(String... names) {
        return of(Integer.class, Values::count, names);
    }

    /** A number of at least 1, or "infinity". */
    static Option<Integer> limit(String... names) {
        return of(Integer.class, Values::limit, names);
    }

    /** One of an enumeration's names. The error has picocli's wording. */
    static <E extends Enum<E>> Option<E> oneOf(E[] all, String... names) {
        Option<E> option = of(all[0].getDeclaringClass(), text -> constant(all, text), names);
        option.candidates = new ArrayList<>();
        for (E constant : all) {
            option.candidates.add(constant.name());
        }
        return option;
    }

    private static <E extends Enum<E>> E constant(E[] all, String text) {
        for (E constant : all) {
            if (constant.name().equals(text)) {
                return constant;
            }
        }
        throw new ValueException(
                "expected one of %s (case-sensitive) but was '%s'"
                        .formatted(Arrays.toString(all), text));
    }

    /**
     * @param converter throws {@link ValueException} if the text is not a value of the option
     */
    static <T> Option<T> of(Class<T> type, Function<String, T> converter, String... names) {
        return new Option<>(type, converter, false, names);
    }

    static Option<List<String>> texts(String... names) {
        return listOf(String.class, text -> text, names);
    }

    /** An option that can be repeated. */
    static <E> Option<List<E>> listOf(
            Class<E> element, Function<String, E> converter, String... names) {
        Option<List<E>> option = new Option<>(element, converter, true, names);
        option.value = List.of();
        return option;
    }

    /** Sets what stands for the value in help. */
    Option<T> label(String label) {
        this.label = label;
        return this;
    }

    /**
     * @param description in which picocli replaces "${DEFAULT-VALUE}", and "$$" by "$"
     */
    Option<T> description(String description) {
        this.description = description;
        return this;
    }

    /** Sets the text whose value the option has if it is absent. */
    Option<T> defaultText(String defaultText) {
        this.defaultText = defaultText;
        return this;
    }

    /** Makes the value optional: the name alone means this text. */
    Option<T> fallbackText(String fallbackText) {
        this.fallbackText = fallbackText;
        return this;
    }

    /** The value; null if the option is absent and has no default. */
    T value() {
        return value;
    }

    /** Whether the value is the one of an absent option. */
    boolean isDefault() {
        return defaultText == null ? value == null : convert(defaultText).equals(value);
    }

    /**
     * @param value what {@link #convert} returned; a list of that for an option with several values
     */
    @SuppressWarnings("unchecked")
    void set(Object value) {
        this.value = (T) value;
    }

    /**
     * @throws ValueException if the text is not a value of the option
     */
    Object convert(String text) {
        Object converted = converter.apply(text);
        texts.put(converted, text.strip());
        return converted;
    }

    /**
     * A text whose value this is.
     *
     * @param value what {@link #convert} has returned
     */
    String textOf(Object value) {
        if (value instanceof Path path) {
            return PlatformPath.text(path);
        }
        return value instanceof Enum<?> constant ? constant.name() : texts.get(value);
    }

    /** The longest name, without the dashes: the option's name in a configuration file. */
    String name() {
        String longest = "";
        for (String name : names) {
            longest = name.length() > longest.length() ? name : longest;
        }
        return longest.substring("--".length());
    }

    String[] names() {
        return names;
    }

    /** The type of the value, or of each of several values. */
    Class<?> type() {
        return type;
    }

    /** Whether a value never follows the name. */
    boolean isFlag() {
        return converter == null;
    }

    boolean isMultiValue() {
        return multiValue;
    }

    boolean isValueOptional() {
        return fallbackText != null;
    }

    /** Null for a flag. */
    String label() {
        return label;
    }

    String description() {
        return description;
    }

    /** Null if an absent option has no value. */
    String defaultText() {
        return defaultText;
    }

    /** Null unless the value is optional. */
    String fallbackText() {
        return fallbackText;
    }

    /** All possible texts; empty if they cannot be listed. */
    List<String> candidates() {
        return candidates;
    }
}
