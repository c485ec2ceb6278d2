package org.hgcmdserver.posix;

import java.nio.charset.StandardCharsets;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;

/** launch(3) of macOS: sockets that launchd bound for this process. */
public final class Launchd {

    /** The system property with the name or path of the library that contains the calls. */
    public static final String LIBRARY = "hgcmdserver.launchd.lib";

    private static final String LIB_SYSTEM = "System";

    /** Public only because jnr-ffi implements this interface, as with {@link LibC}. */
    public interface Calls {

        int launch_activate_socket(byte[] name, Pointer fds, Pointer count);

        void free(Pointer memory);
    }

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
        Calls launchd =
                LibraryLoader.create(Calls.class)
                        .failImmediately()
                        .load(System.getProperty(LIBRARY, LIB_SYSTEM));
        Pointer fds = NativeMemory.allocate(LibC.RUNTIME.addressSize()); // int *
        Pointer count = NativeMemory.allocate(LibC.RUNTIME.longSize()); // size_t
        byte[] key = (name + '\0').getBytes(StandardCharsets.UTF_8);
        int error = launchd.launch_activate_socket(key, fds, count);
        if (error != 0) {
            throw PosixException.of("launch_activate_socket " + name, error);
        }
        int[] sockets = new int[(int) count.getLong(0)];
        Pointer array = fds.getPointer(0);
        array.get(0, sockets, 0, sockets.length);
        launchd.free(array); // launchd malloc'ed it for the caller
        return sockets;
    }
}
