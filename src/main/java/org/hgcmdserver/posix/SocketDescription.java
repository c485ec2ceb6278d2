package org.hgcmdserver.posix;

import static org.hgcmdserver.posix.UnixSocket.SOCKADDR_SIZE;
import static org.hgcmdserver.posix.UnixSocket.SUN_PATH;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The result of getsockname(2) and getsockopt(2) on a descriptor that another process made. */
public record SocketDescription(boolean unix, boolean stream, boolean listening, String address) {

    private static final int AF_UNIX = Constants.AF_UNIX;
    private static final int SOCK_STREAM = Constants.SOCK_STREAM;
    private static final int SOL_SOCKET = Constants.SOL_SOCKET;

    /**
     * Looks at an inherited descriptor.
     *
     * @throws PosixException EBADF if there is no such descriptor, ENOTSOCK if it is not a socket
     */
    public static SocketDescription of(int fd) throws PosixException {
        NativeMemory address = NativeMemory.allocate(SOCKADDR_SIZE);
        NativeMemory length = NativeMemory.allocate(4);
        length.putInt(0, SOCKADDR_SIZE);
        int result = LibC.getsockname(fd, address, length);
        PosixException.check(result, "getsockname", "fd " + fd);
        int family = Os.LINUX ? address.getShort(0) : address.getByte(1);
        if (family != AF_UNIX) {
            return new SocketDescription(false, false, false, "");
        }
        return new SocketDescription(
                true,
                option(fd, SOL_SOCKET, Constants.SO_TYPE) == SOCK_STREAM,
                option(fd, SOL_SOCKET, Constants.SO_ACCEPTCONN) != 0,
                addressText(address, length.getInt(0)));
    }

    private static String addressText(NativeMemory address, int length) {
        byte[] name = address.bytes(SUN_PATH, Math.max(0, length - SUN_PATH));
        if (name.length > 0 && name[0] == 0) { // unix(7), abstract: shown with @ as by ss(8)
            return "@" + new String(name, 1, name.length - 1, StandardCharsets.ISO_8859_1);
        }
        int end = 0;
        while (end < name.length && name[end] != 0) {
            end++;
        }
        return PlatformString.decode(Arrays.copyOf(name, end));
    }

    /** An int option's value; 0 where the option is not available. */
    private static int option(int fd, int level, int option) {
        NativeMemory value = UnixSocket.option(fd, level, option, 4);
        return value == null ? 0 : value.getInt(0);
    }
}
