package org.hgcmdserver.posix;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Paths with exactly the bytes that the kernel has. {@code Path.of} encodes a name in the locale's
 * encoding, and refuses a name that it cannot encode: in the locale C every name that is not ASCII.
 * A path made from a URI has the bytes of the URI's escapes, java.nio uses these bytes, and the
 * path's URI contains them again. {@link Path#toString} is for people only: it may have replaced
 * some bytes.
 */
public final class PlatformPath {

    private static final Path WORKING_DIRECTORY = Path.of("/proc/self/cwd");

    private static final FileAttribute<?> THIS_USER_ALONE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final int PATH_MAX = 4096; // limits.h

    private PlatformPath() {}

    /**
     * An absolute path.
     *
     * @param text as {@link PlatformString} decodes; a relative path starts from {@link
     *     #workingDirectory}
     */
    public static Path of(String text) {
        if (!Os.LINUX) {
            return Path.of(text).toAbsolutePath();
        }
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a path with a NUL");
        }
        String absolute = text.startsWith("/") ? text : text(workingDirectory()) + "/" + text;
        if (isAscii(absolute)) {
            return Path.of(absolute);
        }
        StringBuilder uri = new StringBuilder("file://");
        for (byte b : PlatformString.encode(absolute.replaceFirst("^/+", "/"))) {
            uri.append(b == '/' ? "/" : "%%%02X".formatted(b & 0xff));
        }
        return Path.of(URI.create(uri.toString()));
    }

    /** The bytes of a path. */
    public static byte[] bytes(Path path) {
        String text = path.toString();
        if (!Os.LINUX || isAscii(text)) {
            return PlatformString.encode(text);
        }
        if (!path.isAbsolute()) {
            byte[] absolute = bytes(Path.of("/").resolve(path));
            return java.util.Arrays.copyOfRange(absolute, 1, absolute.length);
        }
        String escaped = path.toUri().getRawPath();
        if (escaped.endsWith("/")) { // java.nio's mark for a directory
            escaped = escaped.substring(0, escaped.length() - 1);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < escaped.length(); i++) {
            if (escaped.charAt(i) == '%') {
                bytes.write(Integer.parseInt(escaped.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                bytes.write(escaped.charAt(i));
            }
        }
        return bytes.toByteArray();
    }

    /** A path as text without loss, for {@link PlatformString} to encode. */
    public static String text(Path path) {
        return PlatformString.decode(bytes(path));
    }

    /**
     * This process's working directory, not from the JVM's property user.dir, which may have lost
     * bytes.
     */
    public static Path workingDirectory() {
        try {
            return Files.readSymbolicLink(WORKING_DIRECTORY);
        } catch (IOException | UnsupportedOperationException noProc) {
            return Path.of("").toAbsolutePath();
        }
    }

    /**
     * Gives the JVM's own classes a working directory that they can express in any locale:
     * otherwise Java 21 complains at exit (FilePermission parses the property user.dir as a path).
     */
    public static void replaceUserDir() {
        if (Os.LINUX && !isAscii(System.getProperty("user.dir"))) {
            System.setProperty("user.dir", WORKING_DIRECTORY.toString());
        }
    }

    /** Whether {@link #workingDirectory} has been removed: no program can start in it. */
    public static boolean isWorkingDirectoryGone() {
        NativeMemory buffer = NativeMemory.allocate(PATH_MAX);
        return LibC.getcwd(buffer, PATH_MAX) == 0 && PosixException.lastWas(Errno.ENOENT);
    }

    /**
     * Makes a directory with a new name in the directory of the property java.io.tmpdir, accessible
     * to this user only. {@code Files.createTempDirectory} fails in a directory whose path the
     * locale cannot express.
     *
     * @param prefix the beginning of the name
     */
    public static Path createTemporaryDirectory(String prefix) throws IOException {
        return createTemporaryDirectory(temporaryDirectory(), prefix);
    }

    /** The directory for temporary files: TMPDIR, or else /tmp. */
    public static String temporaryDirectory() {
        return ProcessImage.property("java.io.tmpdir", "/tmp");
    }

    /** As above, in the directory {@code parentText}, as {@link PlatformString} decodes it. */
    public static Path createTemporaryDirectory(String parentText, String prefix)
            throws IOException {
        Path parent = of(parentText);
        while (true) {
            Path directory =
                    parent.resolve(
                            prefix + Long.toUnsignedString(ThreadLocalRandom.current().nextLong()));
            try {
                return Files.createDirectory(directory, THIS_USER_ALONE);
            } catch (FileAlreadyExistsException taken) {
                // try another name
            }
        }
    }

    private static boolean isAscii(String text) {
        return StandardCharsets.US_ASCII.newEncoder().canEncode(text);
    }
}
