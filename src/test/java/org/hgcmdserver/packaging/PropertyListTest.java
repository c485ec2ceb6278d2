package org.hgcmdserver.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.dd.plist.NSArray;
import com.dd.plist.NSDictionary;
import com.dd.plist.NSNumber;
import com.dd.plist.NSObject;
import com.dd.plist.NSString;
import com.dd.plist.PropertyListParser;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** launchd ignores an unknown key, and treats a wrong type as no value: here both fail. */
class PropertyListTest {

    private enum Type {
        STRING,
        INTEGER,
        BOOLEAN,
        STRINGS,
        DICTIONARY;

        static Type of(NSObject value) {
            if (value instanceof NSString) {
                return STRING;
            }
            if (value instanceof NSNumber number) {
                return number.isBoolean() ? BOOLEAN : number.isInteger() ? INTEGER : null;
            }
            if (value instanceof NSArray array) {
                for (NSObject element : array.getArray()) {
                    assertThat(element).isInstanceOf(NSString.class);
                }
                return STRINGS;
            }
            return value instanceof NSDictionary ? DICTIONARY : null;
        }
    }

    /** launchd.plist(5): the keys that a job like this one may use. */
    private static final Map<String, Type> KEYS =
            Map.ofEntries(
                    Map.entry("Label", Type.STRING),
                    Map.entry("UserName", Type.STRING),
                    Map.entry("GroupName", Type.STRING),
                    Map.entry("InitGroups", Type.BOOLEAN),
                    Map.entry("Program", Type.STRING),
                    Map.entry("ProgramArguments", Type.STRINGS),
                    Map.entry("RunAtLoad", Type.BOOLEAN),
                    Map.entry("WorkingDirectory", Type.STRING),
                    Map.entry("EnvironmentVariables", Type.DICTIONARY),
                    Map.entry("Umask", Type.INTEGER),
                    Map.entry("ExitTimeOut", Type.INTEGER),
                    Map.entry("ThrottleInterval", Type.INTEGER),
                    Map.entry("StandardOutPath", Type.STRING),
                    Map.entry("StandardErrorPath", Type.STRING),
                    Map.entry("SoftResourceLimits", Type.DICTIONARY),
                    Map.entry("HardResourceLimits", Type.DICTIONARY),
                    Map.entry("Nice", Type.INTEGER),
                    Map.entry("ProcessType", Type.STRING),
                    Map.entry("AbandonProcessGroup", Type.BOOLEAN),
                    Map.entry("Sockets", Type.DICTIONARY));

    /** The keys of a socket, in the same page. */
    private static final Map<String, Type> SOCKET_KEYS =
            Map.of(
                    "SockType", Type.STRING,
                    "SockPassive", Type.BOOLEAN,
                    "SockPathName", Type.STRING,
                    "SecureSocketWithKey", Type.STRING,
                    "SockPathOwner", Type.INTEGER,
                    "SockPathGroup", Type.INTEGER,
                    "SockPathMode", Type.INTEGER);

    private static final String[] LIMITS = {
        "Core",
        "CPU",
        "Data",
        "FileSize",
        "MemoryLock",
        "NumberOfFiles",
        "NumberOfProcesses",
        "ResidentSetSize",
        "Stack"
    };

    @ParameterizedTest
    @ValueSource(strings = {"daemon", "agent"})
    void keysAndTypesAreThoseOfTheManual(String kind) throws Exception {
        NSDictionary job = read(kind);
        check(job, KEYS);
        check(socket(job), SOCKET_KEYS);
        for (NSObject variable : dictionary(job, "EnvironmentVariables").values()) {
            assertThat(variable).isInstanceOf(NSString.class);
        }
        NSDictionary limits = dictionary(job, "SoftResourceLimits");
        assertThat(limits.allKeys()).isSubsetOf(LIMITS);
        limits.values().forEach(limit -> assertThat(Type.of(limit)).isEqualTo(Type.INTEGER));
        assertThat(string(job, "ProcessType"))
                .isIn("Background", "Standard", "Adaptive", "Interactive");
    }

    @ParameterizedTest
    @ValueSource(strings = {"daemon", "agent"})
    void launchdLetsTheDrainFinish(String kind) throws Exception {
        NSDictionary job = read(kind);
        // zero would mean no limit; the manual warns that this stalls the system's shutdown
        assertThat(integer(job, "ExitTimeOut")).isBetween(600, 86_400);
        assertThat(((NSNumber) job.get("AbandonProcessGroup")).boolValue()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"daemon", "agent"})
    void launchdHasTheSocket(String kind) throws Exception {
        NSDictionary job = read(kind);
        assertThat(string(job, "Label")).isEqualTo("org.hgcmdserver." + kind);
        assertThat(job.allKeys()).as("the first client starts the job").doesNotContain("RunAtLoad");
        NSDictionary socket = socket(job);
        assertThat(string(socket, "SockType")).isEqualTo("stream");
        int mode = integer(socket, "SockPathMode");
        if (kind.equals("daemon")) {
            assertThat(mode).isEqualTo(0660);
            assertThat(string(socket, "SockPathName")).startsWith("/").hasSizeLessThan(104);
        } else {
            assertThat(mode).isEqualTo(0600);
            assertThat(string(socket, "SecureSocketWithKey")).matches("[A-Z_]+");
        }
    }

    private static NSDictionary read(String kind) throws Exception {
        Path file = Path.of("launchd", "org.hgcmdserver." + kind + ".plist");
        return (NSDictionary) PropertyListParser.parse(file.toFile());
    }

    private static NSDictionary socket(NSDictionary job) {
        NSDictionary sockets = dictionary(job, "Sockets");
        assertThat(sockets.allKeys()).containsExactly("Listener"); // see LaunchdListener
        return dictionary(sockets, "Listener");
    }

    private static void check(NSDictionary dictionary, Map<String, Type> allowed) {
        dictionary.forEach(
                (key, value) -> assertThat(Type.of(value)).as(key).isEqualTo(allowed.get(key)));
    }

    private static NSDictionary dictionary(NSDictionary in, String key) {
        return (NSDictionary) in.get(key);
    }

    private static String string(NSDictionary in, String key) {
        return ((NSString) in.get(key)).getContent();
    }

    private static int integer(NSDictionary in, String key) {
        return ((NSNumber) in.get(key)).intValue();
    }
}
