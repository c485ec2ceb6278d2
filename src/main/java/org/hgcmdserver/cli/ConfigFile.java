package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.hgcmdserver.posix.PlatformString;

/**
 * The configuration file: lines "name = value". The names are those of {@code serve}'s options, the
 * one list of all settings, in the section "[serve]" or in none; before them there can be a section
 * "[client]", for the programs that use a server. Blank lines and lines that begin with "#" or ";"
 * are comments. The command line overrides the file.
 *
 * <p>The option's own converter converts each value once, and the option receives the result
 * without a parser.
 */
final class ConfigFile {

    /** The options that only the command line can set. */
    private static final Set<String> NOT_IN_A_FILE = Set.of("config-file", "check", "print-config");

    private static final String SERVE = "[serve]";
    private static final String CLIENT = "[client]";

    /**
     * One setting of the file.
     *
     * @param text the value as written in the file
     * @param value the value after conversion by the option's converter
     */
    private record Entry(Option<?> option, String name, String text, Object value, int line) {}

    private final Path path;
    private final boolean mustExist;
    private final List<Entry> entries = new ArrayList<>();

    /** The section of the line that is being read. */
    private String section = SERVE;

    private boolean hasSettings;

    private ConfigFile(Path path, boolean mustExist) {
        this.path = path;
        this.mustExist = mustExist;
    }

    /**
     * Reads a file and converts its values, including those that the command line overrides: a
     * wrong line is an error in any case.
     *
     * @param given the file; null for the default one, which need not exist
     * @param options those that the file may name; this method does not change them
     * @throws ConfigException if the file cannot be read or has an error
     */
    static ConfigFile read(Path given, OptionTable options) throws ConfigException {
        ConfigFile file =
                new ConfigFile(given == null ? ConfigPlaces.ofUser() : given, given != null);
        file.read(Map.of(SERVE, options, CLIENT, new ClientSection().options()));
        return file;
    }

    /**
     * What a file's section "[client]" says; nothing if the file does not exist.
     *
     * @throws ConfigException if the section has an error
     */
    static ClientSection forClients(Path path) throws ConfigException {
        ConfigFile file = new ConfigFile(path, false);
        ClientSection section = new ClientSection();
        if (Files.isReadable(path)) {
            ConfigPlaces.refuseIfOthersCanWrite(path);
            file.readClients(section.options());
            file.applyUnless(Set.of());
        }
        return section;
    }

    /** Whether a file can set the option. */
    static boolean canSet(Option<?> option) {
        return !NOT_IN_A_FILE.contains(option.name());
    }

    /**
     * Sets each option that the file names and the command line does not.
     *
     * @param given the names, without dashes, of the options that the command line gives
     */
    void applyUnless(Set<String> given) {
        for (Entry entry : entries) {
            if (!given.contains(entry.option.name())) {
                entry.option.set(
                        entry.option.isMultiValue() ? valuesOf(entry.option) : entry.value);
            }
        }
    }

    private List<Object> valuesOf(Option<?> option) {
        List<Object> values = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.option == option) {
                values.add(entry.value);
            }
        }
        return values;
    }

    /** A value that changes when the file does. */
    Object fingerprint() {
        try {
            return Files.readAttributes(path, "unix:dev,ino,size,ctime,mode");
        } catch (IOException e) {
            return e.getClass();
        }
    }

    /**
     * The place in the file, as "FILE:LINE: ", of a value that has turned out to be wrong; null if
     * the value did not come from the file.
     */
    String placeOf(OptionException wrong) {
        for (Entry entry : entries) {
            if (entry.name.equals(wrong.option())
                    && (wrong.value() == null || entry.text.equals(wrong.value()))) {
                return path + ":" + entry.line + ": ";
            }
        }
        return null;
    }

    /**
     * Reads the section "[client]" alone: nothing else in the file must keep clients from working.
     */
    private void readClients(OptionTable options) throws ConfigException {
        String text;
        try {
            text = PlatformString.decode(Files.readAllBytes(path));
        } catch (IOException e) {
            throw new ConfigException("cannot read " + path + ": " + e.getMessage());
        }
        int number = 0;
        boolean inside = false;
        for (String line : (Iterable<String>) text.lines().map(String::strip)::iterator) {
            number++;
            boolean isText = !line.isEmpty() && line.charAt(0) != '#' && line.charAt(0) != ';';
            if (isText && line.equals(CLIENT)) {
                inside = true;
            } else if (isText && (!inside || line.startsWith("["))) {
                return;
            } else if (isText) {
                section = CLIENT;
                add(line, number, Map.of(CLIENT, options));
            }
        }
    }

    /**
     * @param sections the options of each section
     */
    private void read(Map<String, OptionTable> sections) throws ConfigException {
        if (Files.exists(path)) { // a missing one is no matter of its directories
            ConfigPlaces.refuseIfOthersCanWrite(path);
        }
        List<String> lines;
        try {
            lines = Files.readAllLines(path);
        } catch (NoSuchFileException e) {
            if (mustExist) {
                throw new ConfigException("there is no " + path + "; correct --config-file");
            }
            return;
        } catch (CharacterCodingException e) {
            throw new ConfigException(path + " is not UTF-8");
        } catch (IOException e) {
            String reason = e instanceof AccessDeniedException ? "no permission" : e.getMessage();
            throw new ConfigException("cannot read " + path + ": " + reason);
        }
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && line.charAt(0) != '#' && line.charAt(0) != ';') {
                add(line, i + 1, sections);
            }
        }
    }

    private void add(String line, int number, Map<String, OptionTable> sections)
            throws ConfigException {
        for (int i = 0; i < line.length(); i++) {
            if (isControl(line.charAt(i))) { // a NUL would end the value, others garble the log
                throw error(
                        number,
                        "the line has a control character (\\x%02x); remove it"
                                .formatted((int) line.charAt(i)));
            }
        }
        if (line.startsWith("[")) {
            enter(line, number);
            return;
        }
        hasSettings = true;
        addSetting(line, number, sections.get(section));
    }

    private void enter(String header, int number) throws ConfigException {
        if (!header.equals(SERVE) && !header.equals(CLIENT)) {
            throw error(
                    number,
                    "there is no section %s; there are %s and %s".formatted(header, CLIENT, SERVE));
        }
        if (header.equals(CLIENT) && hasSettings) {
            throw error(
                    number,
                    "%s comes first; move it to the beginning of the file".formatted(CLIENT));
        }
        section = header;
    }

    private void addSetting(String line, int number, OptionTable options) throws ConfigException {
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw error(number, "\"" + line + "\" is not of the form name = value");
        }
        String name = line.substring(0, equals).strip();
        String value = line.substring(equals + 1).strip();
        Option<?> option = options.find("--" + name);
        if (option == null || !canSet(option)) {
            throw error(
                    number,
                    "there is no option \"%s\" in %s; see: man hg-cmdserver.conf"
                            .formatted(name, section));
        }
        if (value.isEmpty()) {
            throw error(number, name + " has no value; comment the line out for the default");
        }
        for (Entry before : entries) {
            if (before.option == option && !option.isMultiValue()) {
                throw error(
                        number, name + " stands in line " + before.line + " too; keep one of them");
            }
        }
        entries.add(new Entry(option, name, value, convert(option, value, number), number));
    }

    /**
     * Converts a value. picocli keeps its own conversion to itself, so this method repeats the
     * wording of picocli's errors: an option has one message wherever its value comes from.
     */
    private Object convert(Option<?> option, String text, int line) throws ConfigException {
        String wrong = "Invalid value for option '--" + option.name() + "': ";
        try {
            return option.convert(text);
        } catch (ValueException e) {
            throw error(line, wrong + e.getMessage());
        } catch (RuntimeException e) {
            String type = option.type().getSimpleName();
            throw error(line, wrong + "cannot convert '%s' to %s (%s)".formatted(text, type, e));
        }
    }

    private static boolean isControl(int c) {
        return c != '\t' && Character.isISOControl(c);
    }

    private ConfigException error(int line, String what) {
        return new ConfigException(path + ":" + line + ": " + what);
    }

    /** The configuration is wrong; the message is one line that says where and what to do. */
    static final class ConfigException extends Exception {

        private static final long serialVersionUID = 1;

        ConfigException(String message) {
            super(message);
        }
    }
}
