package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The environment for a new process, as bytes: a value that is not valid text in the daemon's
 * locale (a user name in HGUSER, say) reaches the child unchanged.
 *
 * <p>Immutable.
 */
public final class Environment {

    private static final Path OWN = Path.of("/proc/self/environ");

    /** Each "NAME=value"; one char per byte (ISO 8859-1), so that values keep every bit. */
    private final List<String> entries;

    Environment(Collection<String> entries) {
        this.entries = List.copyOf(entries);
    }

    /** Read once: later the process may have no descriptor left for reading. */
    private static final class Own {
        static final Environment ENVIRONMENT = read();
    }

    /** The environment with which this process was started. */
    public static Environment inherited() {
        return Own.ENVIRONMENT;
    }

    private static Environment read() {
        try {
            return of(Files.readAllBytes(OWN));
        } catch (IOException noProc) {
            List<String> entries = new ArrayList<>();
            for (Map.Entry<String, String> e : System.getenv().entrySet()) {
                entries.add(entry(e.getKey(), e.getValue()));
            }
            return new Environment(entries);
        }
    }

    /** NUL-terminated strings, as in proc(5). System.getenv decodes, and perhaps damages, them. */
    private static Environment of(byte[] block) {
        List<String> entries = new ArrayList<>();
        for (String entry : new String(block, StandardCharsets.ISO_8859_1).split("\0")) {
            if (entry.indexOf('=') > 0) {
                entries.add(entry);
            }
        }
        return new Environment(entries);
    }

    /**
     * The environment with which another process of this user was started.
     *
     * @throws IOException if the process has gone, or the system has no proc(5)
     */
    public static Environment ofProcess(long pid) throws IOException {
        return of(Files.readAllBytes(Path.of("/proc/" + pid + "/environ")));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Environment that && entries.equals(that.entries);
    }

    @Override
    public int hashCode() {
        return entries.hashCode();
    }

    public boolean has(String name) {
        return entries.stream().anyMatch(e -> e.startsWith(name + "="));
    }

    /** The variable's value, as {@link PlatformString} decodes it; null if not set. */
    public String get(String name) {
        byte[] bytes = getBytes(name);
        return bytes == null ? null : PlatformString.decode(bytes);
    }

    /** The variable's value; null if it is not set. */
    public byte[] getBytes(String name) {
        String beginning = name + "=";
        for (String entry : entries) {
            if (entry.startsWith(beginning)) {
                return entry.substring(beginning.length()).getBytes(StandardCharsets.ISO_8859_1);
            }
        }
        return null;
    }

    /** This environment with the variable set or replaced. */
    public Environment with(String name, String value) {
        List<String> changed = new ArrayList<>(without(name + "=").entries);
        changed.add(entry(name, value));
        return new Environment(changed);
    }

    public Environment withDefault(String name, String value) {
        return has(name) ? this : with(name, value);
    }

    /** This environment without the variables whose entry begins with one of the prefixes. */
    public Environment without(String... prefixes) {
        List<String> kept = new ArrayList<>(entries);
        for (String prefix : prefixes) {
            kept.removeIf(e -> e.startsWith(prefix));
        }
        return new Environment(kept);
    }

    /** Each "NAME=value", one char for each byte. */
    List<String> entries() {
        return entries;
    }

    List<byte[]> toBytes() {
        List<byte[]> bytes = new ArrayList<>();
        entries.forEach(e -> bytes.add(e.getBytes(StandardCharsets.ISO_8859_1)));
        return bytes;
    }

    private static String entry(String name, String value) {
        byte[] bytes = PlatformString.encode(name + "=" + value);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
