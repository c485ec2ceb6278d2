package org.hgcmdserver.posix;

import java.nio.charset.StandardCharsets;

/** launch(3) of macOS: sockets that launchd bound for this process. */
public final class Launchd {

    /** The system property with the name or path of the library that contains the calls. */
    public static final String LIBRARY = "hgcmdserver.launchd.lib";

    private Launchd() {}

    /** Whether this system has launchd. */
    public static boolean isThere() {
        return System.getProperty("os.name").startsWith("Mac")
                || System.getProperty(LIBRARY) != null;
    }

    /**
     * Takes the sockets with this name in the job's property list (launch_activate_socket(3)).
     * Works only once; from then on the caller owns the sockets.
     *
     * @throws PosixException ESRCH if launchd did not start this process, ENOENT if the property
     *     list has no socket of that name, EALREADY if it has been taken before
     */
    public static int[] activateSocket(String name) throws PosixException {
        String library = System.getProperty(LIBRARY);
        // libSystem, the C library of macOS, has the calls
        NativeLibrary launchd = library == null ? NativeLibrary.C : NativeLibrary.open(library);
        NativeMemory fds = NativeMemory.allocate(NativeMemory.WORD); // int *
        NativeMemory count = NativeMemory.allocate(NativeMemory.WORD); // size_t
        NativeMemory key = NativeMemory.of((name + '\0').getBytes(StandardCharsets.UTF_8));
        int error = launchd.callInt("launch_activate_socket", key, fds, count);
        if (error != 0) {
            throw PosixException.of("launch_activate_socket " + name, error);
        }
        long array = fds.getWord(0);
        int[] sockets = NativeMemory.intsAt(array, (int) count.getWord(0));
        launchd.call("free", array); // launchd malloc'ed it for the caller
        return sockets;
    }
}
