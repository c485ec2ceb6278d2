package org.hgcmdserver.posix;

import java.io.File;

/**
 * The native part of jffi as a file of the installation. Without it, each start would unpack it
 * into the temporary directory, which takes time, and fails if that is mounted noexec.
 */
public final class UnpackedLibraries {

    private UnpackedLibraries() {}

    /**
     * Has jffi load its native part from the directory {@code native} of the installation, if that
     * has one for this platform. To be called before jffi is used.
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
        }
    }
}
