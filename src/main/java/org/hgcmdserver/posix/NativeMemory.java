package org.hgcmdserver.posix;

import java.nio.file.Path;
import java.util.List;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;

/** Builds C values for calls: byte strings, NULL-terminated vectors, signal sets. */
final class NativeMemory {

    private NativeMemory() {}

    static Pointer allocate(int bytes) {
        Pointer memory = Memory.allocateDirect(LibC.RUNTIME, bytes, true);
        memory.setMemory(0, bytes, (byte) 0);
        return memory;
    }

    /** The bytes of a path with the terminating NUL. */
    static byte[] path(Path path) {
        return terminated(PlatformPath.bytes(path));
    }

    /** The bytes of a path or name with the terminating NUL. */
    static byte[] path(String path) {
        return terminated(PlatformString.encode(path));
    }

    private static byte[] terminated(byte[] string) {
        byte[] copy = new byte[string.length + 1];
        System.arraycopy(string, 0, copy, 0, string.length);
        return copy;
    }

    /**
     * A {@code char *const v[]}. The vector is one block, the pointers followed by the strings, so
     * that one Java object keeps the whole vector alive.
     */
    static Pointer vector(List<byte[]> strings) {
        int pointer = LibC.RUNTIME.addressSize();
        int size = pointer * (strings.size() + 1);
        for (byte[] s : strings) {
            size += s.length + 1;
        }
        Pointer block = allocate(size);
        int at = pointer * (strings.size() + 1);
        for (int i = 0; i < strings.size(); i++) {
            byte[] s = strings.get(i);
            block.put(at, s, 0, s.length);
            block.putAddress((long) i * pointer, block.address() + at);
            at += s.length + 1;
        }
        return block;
    }
}
