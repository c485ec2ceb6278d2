package org.hgcmdserver.posix;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.Library;
import com.kenai.jffi.Type;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Calls functions of a C library, each of whose parameters and results fits into a C long: a number
 * or a pointer. The first call of a function looks it up. Callable from any thread.
 *
 * <p>Directly on jffi, the lower half of jnr-ffi: jnr-ffi reads an interface's annotations by
 * reflection and implements it with a proxy, which takes a fifth of the daemon's start.
 */
final class NativeLibrary {

    /** The C library of this process. */
    static final NativeLibrary C = new NativeLibrary(Library.getDefault());

    private static final Invoker INVOKER = Invoker.getInstance();

    /** A function's address, and its types in jffi's form. */
    private static final class Function {

        final long address;
        final CallContext types;

        Function(long address, CallContext types) {
            this.address = address;
            this.types = types;
        }
    }

    private final Library library;
    private final Map<String, Function> functions = new ConcurrentHashMap<>();

    private NativeLibrary(Library library) {
        this.library = library;
    }

    /**
     * @param file a path or file name, as dlopen(3) takes it
     * @throws UnsatisfiedLinkError if there is no such library
     */
    static NativeLibrary open(String file) {
        Library library = Library.getCachedInstance(file, Library.LAZY);
        if (library == null) {
            throw new UnsatisfiedLinkError(Library.getLastError());
        }
        return new NativeLibrary(library);
    }

    /** Whether the library has the function. */
    boolean has(String function) {
        return library.getSymbolAddress(function) != 0;
    }

    /**
     * Calls a function.
     *
     * @param arguments each a number, a block of memory, or null for a NULL pointer; six at most
     * @throws UnsatisfiedLinkError if the library has no such function
     */
    long call(String function, Object... arguments) {
        return call(find(function, arguments.length, arguments.length), arguments);
    }

    /** As {@link #call}, for a function that returns an int. */
    int callInt(String function, Object... arguments) {
        return (int) call(function, arguments);
    }

    /**
     * As {@link #callInt}, for a function whose parameters after the first {@code fixed} ones are
     * variable, and that is always called with the same number of arguments: some platforms pass
     * variable ones differently.
     */
    int callVariadic(int fixed, String function, Object... arguments) {
        return (int) call(find(function, arguments.length, fixed), arguments);
    }

    private static long call(Function function, Object[] arguments) {
        long address = function.address;
        CallContext types = function.types;
        long[] a = new long[arguments.length];
        for (int i = 0; i < a.length; i++) {
            a[i] = word(arguments[i]);
        }
        try {
            return switch (a.length) {
                case 0 -> INVOKER.invokeN0(types, address);
                case 1 -> INVOKER.invokeN1(types, address, a[0]);
                case 2 -> INVOKER.invokeN2(types, address, a[0], a[1]);
                case 3 -> INVOKER.invokeN3(types, address, a[0], a[1], a[2]);
                case 4 -> INVOKER.invokeN4(types, address, a[0], a[1], a[2], a[3]);
                case 5 -> INVOKER.invokeN5(types, address, a[0], a[1], a[2], a[3], a[4]);
                case 6 -> INVOKER.invokeN6(types, address, a[0], a[1], a[2], a[3], a[4], a[5]);
                default -> throw new IllegalArgumentException(a.length + " arguments");
            };
        } finally {
            Reference.reachabilityFence(arguments); // the function uses their memory
        }
    }

    private static long word(Object argument) {
        if (argument instanceof NativeMemory memory) {
            return memory.address();
        }
        return argument == null ? 0 : ((Number) argument).longValue();
    }

    private Function find(String name, int parameters, int fixed) {
        Function known = functions.get(name);
        if (known == null) {
            long address = library.getSymbolAddress(name);
            if (address == 0) {
                throw new UnsatisfiedLinkError(name);
            }
            Type[] types = new Type[parameters];
            Arrays.fill(types, 0, fixed, Type.SLONG);
            // another type, since jffi takes functions with the same types for the same
            Arrays.fill(types, fixed, parameters, Type.ULONG);
            known =
                    new Function(
                            address,
                            CallContext.getCallContext(
                                    Type.SLONG, fixed, types, CallingConvention.DEFAULT, true));
            functions.put(name, known);
        }
        return known;
    }
}
