package org.hgcmdserver.posix;

import java.io.File;

/**
 * The native parts of jffi and junixsocket as files of the installation. Without these, each start
 * would unpack them into the temporary directory, which takes time, and fails if that is mounted
 * noexec.
 */
public final class UnpackedLibraries {

    private UnpackedLibraries() {}

    /**
     * Has both libraries load their native parts from the directory {@code native} of the
     * installation, if that has some for this platform. To be called before either is used.
     *
     * @param lib the installation's lib directory, as the JVM has decoded it; empty if it is not
     *     known
     */
    public static void use(String lib) {
        if (lib.isEmpty()) {
            return;
        }
        // as uname -sm prints it
        String machine = System.getProperty("os.arch").replace("amd64", "x86_64");
        File directory = new File(lib, "native/" + System.getProperty("os.name") + "-" + machine);
        if (directory.isDirectory()) {
            System.setProperty("jffi.boot.library.path", directory.getPath());
            System.setProperty(
                    "org.newsclub.net.unix.library.override",
                    new File(directory, "libjunixsocket-native.so").getPath());
        }
    }
}
