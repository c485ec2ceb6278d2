package org.hgcmdserver.posix;

import jnr.constants.Constant;

/**
 * Numbers of the C library's headers, from the tables of jnr-constants. Its own lookup finds the
 * platform's table by reflection; on Linux this class names the table.
 */
final class Constants {

    /** Whether the tables for Linux apply: mips and others have numbers of their own. */
    private static final boolean LINUX =
            Os.LINUX
                    && switch (System.getProperty("os.arch")) {
                        case "amd64", "x86_64", "aarch64", "arm", "i386", "riscv64", "ppc64le" ->
                                true;
                        default -> false;
                    };

    static final int AF_UNIX = 1; // sys/socket.h, the same on all platforms
    static final int SOCK_STREAM =
            number(
                    LINUX
                            ? jnr.constants.platform.linux.Sock.SOCK_STREAM
                            : jnr.constants.platform.Sock.SOCK_STREAM);
    static final int SOCK_DGRAM =
            number(
                    LINUX
                            ? jnr.constants.platform.linux.Sock.SOCK_DGRAM
                            : jnr.constants.platform.Sock.SOCK_DGRAM);
    static final int SOL_SOCKET =
            number(
                    LINUX
                            ? jnr.constants.platform.linux.SocketLevel.SOL_SOCKET
                            : jnr.constants.platform.SocketLevel.SOL_SOCKET);
    static final int SO_TYPE =
            number(
                    LINUX
                            ? jnr.constants.platform.linux.SocketOption.SO_TYPE
                            : jnr.constants.platform.SocketOption.SO_TYPE);
    static final int SO_ACCEPTCONN =
            number(
                    LINUX
                            ? jnr.constants.platform.linux.SocketOption.SO_ACCEPTCONN
                            : jnr.constants.platform.SocketOption.SO_ACCEPTCONN);
    static final int O_NONBLOCK =
            number(
                    LINUX
                            ? jnr.constants.platform.linux.OpenFlags.O_NONBLOCK
                            : jnr.constants.platform.OpenFlags.O_NONBLOCK);

    private Constants() {}

    /**
     * @param name such as "EAGAIN"
     */
    static int errno(String name) {
        return number(
                LINUX
                        ? jnr.constants.platform.linux.Errno.valueOf(name)
                        : jnr.constants.platform.Errno.valueOf(name));
    }

    /**
     * @param name such as "SIGTERM"
     */
    static int signal(String name) {
        return number(
                LINUX
                        ? jnr.constants.platform.linux.Signal.valueOf(name)
                        : jnr.constants.platform.Signal.valueOf(name));
    }

    private static int number(Constant constant) {
        return constant.intValue();
    }
}
