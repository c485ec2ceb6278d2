package org.hgcmdserver.posix;

import com.kenai.jffi.MemoryIO;
import com.kenai.jffi.Type;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/**
 * A block of native memory, where a call finds and leaves C values: byte strings, NULL-terminated
 * vectors, structures. Its bytes are zero at first. The garbage collector frees the block together
 * with this object. Offsets are in bytes.
 */
final class NativeMemory {

    /** sizeof(void *), and of a C long. */
    static final int WORD = Type.POINTER.size();

    private final ByteBuffer block;
    private final long address;

    private NativeMemory(ByteBuffer block) {
        this.block = block.order(ByteOrder.nativeOrder());
        address = MemoryIO.getInstance().getDirectBufferAddress(block);
    }

    static NativeMemory allocate(int bytes) {
        return new NativeMemory(ByteBuffer.allocateDirect(bytes));
    }

    static NativeMemory of(byte[] bytes) {
        NativeMemory copy = allocate(bytes.length);
        copy.put(0, bytes);
        return copy;
    }

    /** The bytes of a path with the terminating NUL. */
    static NativeMemory path(Path path) {
        return terminated(PlatformPath.bytes(path));
    }

    /** The bytes of a path or name with the terminating NUL. */
    static NativeMemory path(String path) {
        return terminated(PlatformString.encode(path));
    }

    private static NativeMemory terminated(byte[] string) {
        NativeMemory copy = allocate(string.length + 1);
        copy.put(0, string);
        return copy;
    }

    /**
     * A {@code char *const v[]}. The vector is one block, the pointers followed by the strings, so
     * that one Java object keeps the whole vector alive.
     */
    static NativeMemory vector(List<byte[]> strings) {
        int size = WORD * (strings.size() + 1);
        for (byte[] s : strings) {
            size += s.length + 1;
        }
        NativeMemory vector = allocate(size);
        int at = WORD * (strings.size() + 1);
        for (int i = 0; i < strings.size(); i++) {
            vector.put(at, strings.get(i));
            vector.putWord(i * WORD, vector.address + at);
            at += strings.get(i).length + 1;
        }
        return vector;
    }

    /** The NUL-terminated string at an address that a call returned; null for NULL. */
    static byte[] stringAt(long address) {
        return address == 0 ? null : MemoryIO.getInstance().getZeroTerminatedByteArray(address);
    }

    /** The pointer at an address that a call returned. */
    static long wordAt(long address) {
        return MemoryIO.getInstance().getAddress(address);
    }

    /** The {@code int[]} at an address that a call returned. */
    static int[] intsAt(long address, int count) {
        int[] ints = new int[count];
        MemoryIO.getInstance().getIntArray(address, ints, 0, count);
        return ints;
    }

    long address() {
        return address;
    }

    /** The part of this block that begins at {@code offset}, without a copy. */
    NativeMemory slice(int offset) {
        return new NativeMemory(block.slice(offset, block.capacity() - offset));
    }

    /** In bytes. */
    int size() {
        return block.capacity();
    }

    void fill(byte value) {
        for (int i = 0; i < block.capacity(); i++) {
            block.put(i, value);
        }
    }

    NativeMemory copy() {
        return of(bytes(0, block.capacity()));
    }

    byte[] bytes(int offset, int length) {
        byte[] bytes = new byte[length];
        block.get(offset, bytes);
        return bytes;
    }

    void put(int offset, byte[] bytes) {
        block.put(offset, bytes);
    }

    int getByte(int offset) {
        return block.get(offset);
    }

    void putByte(int offset, int value) {
        block.put(offset, (byte) value);
    }

    int getShort(int offset) {
        return block.getShort(offset);
    }

    void putShort(int offset, int value) {
        block.putShort(offset, (short) value);
    }

    int getInt(int offset) {
        return block.getInt(offset);
    }

    void putInt(int offset, int value) {
        block.putInt(offset, value);
    }

    long getLong(int offset) {
        return block.getLong(offset);
    }

    void putLong(int offset, long value) {
        block.putLong(offset, value);
    }

    /** A pointer or a C long. */
    long getWord(int offset) {
        return WORD == 8 ? block.getLong(offset) : Integer.toUnsignedLong(block.getInt(offset));
    }

    void putWord(int offset, long value) {
        if (WORD == 8) {
            block.putLong(offset, value);
        } else {
            block.putInt(offset, (int) value);
        }
    }
}
