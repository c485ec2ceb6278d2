package org.hgcmdserver.posix;

/**
 * Sends datagrams to a Unix socket (unix(7)), until this process ends. Used by one thread at a
 * time.
 */
public final class DatagramSender {

    private final OwnedDescriptor socket;
    private final byte[] name;

    private DatagramSender(OwnedDescriptor socket, byte[] name) {
        this.socket = socket;
        this.name = name;
    }

    /**
     * Makes a socket, close-on-exec, and does not connect it.
     *
     * @param name the receiver's path, or "@" and its abstract name; fits into a sockaddr_un
     * @throws PosixException EMFILE or ENFILE if there are too many descriptors
     */
    public static DatagramSender to(byte[] name) throws PosixException {
        return new DatagramSender(UnixSocket.open(Constants.SOCK_DGRAM), name);
    }

    /**
     * Connects anew and sends one datagram: so the sender finds a receiver that has come back.
     * Blocks while the receiver's queue is full.
     *
     * @throws PosixException such as ECONNREFUSED or ENOENT if no process receives there
     */
    public void send(byte[] message) throws PosixException {
        String receiver = PlatformString.decode(name);
        PosixException.check(UnixSocket.connect(socket.fd(), name), "connect to", receiver);
        long sent = LibC.send(socket.fd(), NativeMemory.of(message), message.length, 0);
        PosixException.check((int) sent, "send to", receiver);
    }
}
