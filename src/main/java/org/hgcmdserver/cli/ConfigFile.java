package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.Users;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * The configuration file: lines "name = value", the names those of {@code serve}'s options, which
 * are the one list of what can be configured. Blank lines and lines that begin with "#" or ";" are
 * comments. What the command line says wins.
 */
final class ConfigFile {

    /** The options that the command line alone can have. */
    private static final Set<String> NOT_IN_A_FILE =
            Set.of("config-file", "check", "help", "version");

    /** What stands for a byte that is wrong in the locale. */
    private static final char REPLACED = '\ufffd';

    private record Entry(OptionSpec option, String name, String value, int line) {
        String argument() {
            return "--" + name + "=" + value;
        }
    }

    private final Path path;
    private final boolean mustExist;
    private final List<Entry> entries = new ArrayList<>();

    private ConfigFile(Path path, boolean mustExist) {
        this.path = path;
        this.mustExist = mustExist;
    }

    /**
     * Reads a file.
     *
     * @param given the file; null for the default one, which need not exist
     * @param serve the command whose options it may name
     * @throws ConfigException if it cannot be read or has an error
     */
    static ConfigFile read(Path given, CommandLine serve) throws ConfigException {
        ConfigFile file = new ConfigFile(given == null ? defaultPath() : given, given != null);
        file.read(serve);
        return file;
    }

    private static Path defaultPath() {
        String home = Environment.inherited().get("XDG_CONFIG_HOME");
        Path directory;
        if (Users.isRoot()) {
            directory = Path.of("/etc");
        } else if (home != null && home.startsWith("/")) { // as the specification demands
            directory = PlatformPath.of(home);
        } else {
            directory = homeDirectory().resolve(".config");
        }
        return directory.resolve("hg-cmdserver/hg-cmdserver.conf");
    }

    /** The JVM's, unless it lost something when it decoded it. */
    private static Path homeDirectory() {
        String decoded = System.getProperty("user.home");
        String home = Environment.inherited().get("HOME");
        boolean lossy = decoded.indexOf(REPLACED) >= 0 && home != null && home.startsWith("/");
        return lossy ? PlatformPath.of(home) : Path.of(decoded).toAbsolutePath();
    }

    /** The arguments that the file stands for, without those that others have given. */
    List<String> argumentsBeside(CommandLine.ParseResult given) {
        return entries.stream()
                .filter(entry -> !given.hasMatchedOption("--" + entry.name))
                .map(Entry::argument)
                .toList();
    }

    /** Something that changes when the file does. */
    Object fingerprint() {
        try {
            return Files.readAttributes(path, "unix:dev,ino,size,ctime,mode");
        } catch (IOException e) {
            return e.getClass();
        }
    }

    /**
     * Where the file gave a value that has turned out to be wrong: "FILE:LINE: "; null if it did
     * not.
     */
    String placeOf(OptionException wrong) {
        return entries.stream()
                .filter(entry -> entry.name.equals(wrong.option()))
                .filter(entry -> wrong.value() == null || entry.value.equals(wrong.value()))
                .map(entry -> path + ":" + entry.line + ": ")
                .findFirst()
                .orElse(null);
    }

    private void read(CommandLine serve) throws ConfigException {
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
                add(line, i + 1, serve);
            }
        }
    }

    private void add(String line, int number, CommandLine serve) throws ConfigException {
        int control = line.chars().filter(ConfigFile::isControl).findFirst().orElse(-1);
        if (control >= 0) { // a NUL would end the value, others would garble the log
            throw error(
                    number,
                    "the line has a control character (\\x%02x); remove it".formatted(control));
        }
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw error(number, "\"" + line + "\" is not of the form name = value");
        }
        String name = line.substring(0, equals).strip();
        String value = line.substring(equals + 1).strip();
        OptionSpec option = serve.getCommandSpec().findOption("--" + name);
        if (option == null || NOT_IN_A_FILE.contains(name)) {
            throw error(
                    number, "there is no option \"" + name + "\"; see: hg-cmdserver serve --help");
        }
        if (value.isEmpty()) {
            throw error(number, name + " has no value; comment the line out for the default");
        }
        for (Entry before : entries) {
            if (before.name.equals(name) && !option.isMultiValue()) {
                throw error(
                        number, name + " stands in line " + before.line + " too; keep one of them");
            }
        }
        Entry entry = new Entry(option, name, value, number);
        try {
            // a command of its own: the one that will run is not to be changed by this
            new CommandLine(new ServeCommand()).parseArgs(entry.argument());
        } catch (ParameterException e) {
            throw error(number, e.getMessage());
        }
        entries.add(entry);
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
