package org.hgcmdserver.posix;

/**
 * The memory with which the lines of a loop send and receive. Each of their calls is over before
 * the next one, so they share it: with memory of its own for each line, a busy daemon would grow
 * until the next full garbage collection. Used in the loop's thread only; for 64-bit Linux.
 */
final class MessageBuffers {

    private static final int SCM_RIGHTS = 1;
    private static final int SOL_SOCKET = 1;
    private static final int INPUT_SIZE = 4096;
    private static final int LONGEST = 64;
    private static final int CONTROL_SIZE = 24; // CMSG_SPACE(sizeof(int))

    private final NativeMemory input = NativeMemory.allocate(INPUT_SIZE);

    // a struct msghdr with one descriptor (recvmsg(2), cmsg(3))
    private final NativeMemory message = NativeMemory.allocate(56);
    private final NativeMemory vector = NativeMemory.allocate(16);
    private final NativeMemory data = NativeMemory.allocate(LONGEST);
    private final NativeMemory control = NativeMemory.allocate(CONTROL_SIZE);

    MessageBuffers() {
        vector.putWord(0, data.address());
        message.putWord(16, vector.address());
        message.putLong(24, 1);
        message.putWord(32, control.address());
        message.putLong(40, CONTROL_SIZE);
        control.putLong(0, 20); // CMSG_LEN(sizeof(int))
        control.putInt(8, SOL_SOCKET);
        control.putInt(12, SCM_RIGHTS);
    }

    /**
     * What a descriptor has to read.
     *
     * @return empty at the end of file; null after an error, which {@link PosixException} tells
     */
    byte[] read(int fd) {
        int size = (int) LibC.read(fd, input, INPUT_SIZE);
        return size < 0 ? null : input.bytes(0, size);
    }

    /**
     * The header for sendmsg(2) of a short message with a descriptor; valid until the next call.
     */
    NativeMemory outgoing(byte[] bytes, int descriptor) {
        if (bytes.length > LONGEST) {
            throw new IllegalArgumentException("a message of " + bytes.length + " bytes");
        }
        data.put(0, bytes);
        vector.putLong(8, bytes.length);
        control.putInt(16, descriptor);
        return message;
    }
}
