package org.hgcmdserver.posix;

import java.io.Closeable;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One end of a socket pair to a process on the same host, for messages in both directions. A
 * message that goes out may carry a descriptor (SCM_RIGHTS in unix(7); for 64-bit Linux only). No
 * call blocks. Used in the event loop's thread only.
 */
public final class MessageLine implements Closeable {

    /** Receives the messages that come in. */
    public interface Receiver {
        void received(byte[] message) throws IOException;

        /**
         * The other process has closed its end, or has sent a malformed message; called once. The
         * receiver closes the line.
         */
        void ended() throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(MessageLine.class);

    private static final int MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;

    private final EventLoop loop;
    private final int fd;
    private final Receiver receiver;
    private final MessageFraming framing;
    private boolean closed;

    /**
     * Listens to {@code end} as a part of {@code loop}, and takes {@code end} over. A message is
     * its length (4 bytes, the highest one first) and that many bytes of any value.
     *
     * @throws PosixException if that fails; the caller still owns {@code end} then
     */
    public MessageLine(EventLoop loop, OwnedDescriptor end, Receiver receiver)
            throws PosixException {
        this(loop, end, receiver, new LengthFraming());
    }

    /** As the constructor, for the output of a program: a message is a line without its newline. */
    public static MessageLine ofText(EventLoop loop, OwnedDescriptor end, Receiver receiver)
            throws PosixException {
        return new MessageLine(loop, end, receiver, new LineFraming());
    }

    private MessageLine(
            EventLoop loop, OwnedDescriptor end, Receiver receiver, MessageFraming framing)
            throws PosixException {
        this.framing = framing;
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
     * Sends a short message with a descriptor, of which the other process gets a duplicate. The
     * kernel takes a short message as a whole or not at all.
     *
     * @throws PosixException EPIPE if the line is closed at either end, EAGAIN if the socket's
     *     buffer is full
     */
    public void send(byte[] message, int descriptor) throws PosixException {
        if (closed) { // the number may by now be that of a client's connection
            throw PosixException.of("send fd " + descriptor, Errno.EPIPE.number());
        }
        NativeMemory header = loop.buffers().outgoing(framing.frame(message), descriptor);
        if (LibC.sendmsg(fd, header, MSG_DONTWAIT_NOSIGNAL) < 0) {
            throw PosixException.last("send fd " + descriptor + " over fd " + fd);
        }
    }

    /** Sends a short message without a descriptor; drops it if the socket's buffer is full. */
    public void send(byte[] message) {
        if (!closed) {
            UnixSocket.sendWithoutWaiting(fd, framing.frame(message));
        }
    }

    /**
     * Receives all messages that have come in. To be called after the other process has exited: the
     * loop may notice the exit before the last messages.
     */
    public void receiveRest() throws IOException {
        boolean more = true;
        while (more && !closed) {
            more = read();
        }
    }

    /** Returns whether more may have come in. */
    private boolean read() throws IOException {
        byte[] bytes = loop.buffers().read(fd);
        if (bytes != null && bytes.length > 0) {
            return receive(bytes);
        }
        if (bytes != null || !isPassing()) {
            end(); // ECONNRESET: the other process has ended without reading all messages
        }
        return false;
    }

    private boolean receive(byte[] bytes) throws IOException {
        try {
            for (byte[] message : framing.add(bytes)) {
                if (!closed) {
                    receiver.received(message);
                }
            }
            return true;
        } catch (MessageFraming.BrokenFramingException e) {
            log.warn("malformed message on fd {}: {}", fd, e.getMessage());
            end();
            return false;
        }
    }

    private void end() throws IOException {
        loop.unregister(fd);
        receiver.ended();
    }

    private static boolean isPassing() {
        return PosixException.lastWas(Errno.EAGAIN) || PosixException.lastWas(Errno.EINTR);
    }

    /** Closes this end; the other process reads the end of file. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            loop.unregister(fd);
            Descriptors.close(fd);
        }
    }
}
