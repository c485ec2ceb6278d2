package org.hgcmdserver.posix;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The memory of processes (proc_pid_smaps(5)), and of this one. */
public final class ProcessMemory {

    private static final Pattern PSS = Pattern.compile("^Pss:\\s+(\\d+) kB$", Pattern.MULTILINE);

    /** A Java heap that is larger has grown in a busy time. */
    private static final long USUAL_HEAP = 12 << 20;

    private ProcessMemory() {}

    /**
     * The proportional set size of a process of this user, in bytes: of each page that processes
     * share, such as a template and its workers, only this one's part. 0 if the process has gone,
     * or the kernel does not say (before Linux 4.14). Takes about a millisecond.
     */
    public static long pss(int pid) {
        try {
            Path rollup = Path.of("/proc/" + pid + "/smaps_rollup");
            Matcher line = PSS.matcher(Files.readString(rollup, ISO_8859_1));
            return line.find() ? Long.parseLong(line.group(1)) << 10 : 0;
        } catch (IOException gone) {
            return 0;
        }
    }

    /**
     * Gives memory that this process has freed back to the system: that of a Java heap that has
     * grown, and what malloc(3) keeps of the memory that the JVM's compiler has used, several
     * megabytes after a start (malloc_trim(3), which only glibc has). Takes some 10 ms.
     */
    public static void giveBack() {
        if (Runtime.getRuntime().totalMemory() > USUAL_HEAP) {
            System.gc();
        }
        if (NativeLibrary.C.has("malloc_trim")) {
            LibC.malloc_trim(0);
        }
    }
}
