package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import jnr.ffi.Pointer;

/**
 * One end of a socket pair to a process on the same host: lines of text come in, single bytes with
 * a descriptor attached go out (SCM_RIGHTS in unix(7); that for 64-bit Linux only). Neither way
 * ever blocks. Used in the event loop's thread only.
 */
public final class MessageLine implements Closeable {

    /** Is told what comes in. */
    public interface Receiver {
        void received(String line) throws IOException;

        /** The other end is closed; called once, after which the line is to be closed. */
        void ended() throws IOException;
    }

    private static final int SCM_RIGHTS = 1;
    private static final int SOL_SOCKET = 1;
    private static final int MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
    private static final int BUFFER_SIZE = 4096;

    private final EventLoop loop;
    private final int fd;
    private final Receiver receiver;
    private final Pointer buffer = NativeMemory.allocate(BUFFER_SIZE);
    private final OutgoingDescriptor outgoing = new OutgoingDescriptor();
    private final LineBuffer lines = new LineBuffer();
    private boolean closed;

    /**
     * Listens to {@code end} as a part of {@code loop}, and takes {@code end} over.
     *
     * @throws PosixException if that fails; {@code end} stays the caller's then
     */
    public MessageLine(EventLoop loop, OwnedDescriptor end, Receiver receiver)
            throws PosixException {
        this.loop = loop;
        this.receiver = receiver;
        Descriptors.setNonBlocking(end.fd(), true);
        loop.register(end.fd(), this::read);
        fd = end.release();
    }

    /** The descriptor of this end; -1 when it is closed. */
    public int fd() {
        return closed ? -1 : fd;
    }

    /**
     * Sends a byte with a descriptor, of which the other process gets a duplicate.
     *
     * @throws PosixException EPIPE if the line is closed at either end, EAGAIN if the other does
     *     not read
     */
    public void send(char message, int descriptor) throws PosixException {
        if (closed) { // the number may be another file's by now, a client's perhaps
            throw PosixException.of("send fd " + descriptor, Errno.EPIPE.number());
        }
        Pointer header = outgoing.header(message, descriptor);
        if (LibC.C.sendmsg(fd, header, MSG_DONTWAIT_NOSIGNAL) < 0) {
            throw PosixException.last("send fd " + descriptor + " over fd " + fd);
        }
    }

    /** Sends a byte alone; what cannot be sent is left out. */
    public void send(char message) {
        if (!closed) {
            UnixSocket.sendWithoutWaiting(fd, new byte[] {(byte) message});
        }
    }

    /**
     * Receives all that has come in. For when the other process is known to have exited, which can
     * be noticed before its last words.
     */
    public void receiveRest() throws IOException {
        boolean more = true;
        while (more && !closed) {
            more = read();
        }
    }

    /** Returns whether there may be more. */
    private boolean read() throws IOException {
        int size = (int) LibC.C.read(fd, buffer, BUFFER_SIZE);
        if (size > 0) {
            byte[] bytes = new byte[size];
            buffer.get(0, bytes, 0, size);
            for (String line : lines.add(bytes)) {
                if (!closed) {
                    receiver.received(line);
                }
            }
            return true;
        }
        if (size == 0 || !isPassing()) {
            loop.unregister(fd); // ECONNRESET is an end too: the other left something unread
            receiver.ended();
        }
        return false;
    }

    private static boolean isPassing() {
        return PosixException.lastWas(Errno.EAGAIN) || PosixException.lastWas(Errno.EINTR);
    }

    /** Closes this end, which the other sees as the end of file. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            loop.unregister(fd);
            Descriptors.close(fd);
        }
    }

    /** A struct msghdr of one byte and one descriptor (recvmsg(2), cmsg(3)), for 64-bit Linux. */
    private static final class OutgoingDescriptor {

        private static final int CONTROL_SIZE = 24; // CMSG_SPACE(sizeof(int))

        private final Pointer message = NativeMemory.allocate(56);
        private final Pointer vector = NativeMemory.allocate(16);
        private final Pointer data = NativeMemory.allocate(1);
        private final Pointer control = NativeMemory.allocate(CONTROL_SIZE);

        OutgoingDescriptor() {
            vector.putAddress(0, data.address());
            vector.putLong(8, 1);
            message.putAddress(16, vector.address());
            message.putLong(24, 1);
            message.putAddress(32, control.address());
            message.putLong(40, CONTROL_SIZE);
            control.putLong(0, 20); // CMSG_LEN(sizeof(int))
            control.putInt(8, SOL_SOCKET);
            control.putInt(12, SCM_RIGHTS);
        }

        Pointer header(char byteToSend, int descriptor) {
            data.putByte(0, (byte) byteToSend);
            control.putInt(16, descriptor);
            return message;
        }
    }
}
