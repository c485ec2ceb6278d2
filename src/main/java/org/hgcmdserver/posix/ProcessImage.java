package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import jnr.ffi.Pointer;

/** This process's program, and its replacement by another one (execve(2)). */
public final class ProcessImage {

    private ProcessImage() {}

    /** With what this process was started: the program's absolute path, and its arguments. */
    public static List<String> command() {
        ProcessHandle.Info self = ProcessHandle.current().info();
        List<String> command = new ArrayList<>();
        try {
            command.add(PlatformPath.text(Files.readSymbolicLink(Path.of("/proc/self/exe"))));
            List<String> words = commandLine();
            command.addAll(words.subList(1, words.size()));
        } catch (IOException noProc) {
            command.clear();
            command.add(self.command().orElse(""));
            command.addAll(List.of(self.arguments().orElse(new String[0])));
        }
        return command;
    }

    /** argv; not by ProcessHandle, which takes a page of it at most. */
    private static List<String> commandLine() throws IOException {
        String all = PlatformString.decode(Files.readAllBytes(Path.of("/proc/self/cmdline")));
        List<String> words = List.of(all.split("\0", -1));
        return words.subList(0, words.size() - 1);
    }

    /**
     * The program's arguments as the kernel has them, for {@link PlatformString} to encode: the JVM
     * has decoded those that it gives to {@code main} by the locale, and lost what is wrong there.
     *
     * @param decoded what the JVM gave, which it is where there is no /proc, or if this process was
     *     started as another program
     */
    public static List<String> arguments(Class<?> main, String[] decoded) {
        try {
            List<String> words = commandLine();
            int first = words.size() - decoded.length;
            if (first > 0 && words.get(first - 1).equals(main.getName())) {
                return words.subList(first, words.size());
            }
        } catch (IOException noProc) {
            // as if it were another program
        }
        return List.of(decoded);
    }

    /** A system property; if the command line gives it, with the bytes that stand there. */
    public static String property(String name, String otherwise) {
        String decoded = System.getProperty(name);
        if (decoded == null) {
            return otherwise;
        }
        if (decoded.matches("[\\x01-\\x7e&&[^?]]*")) { // of which nothing has been replaced
            return decoded;
        }
        String option = "-D" + name + "=";
        try {
            return commandLine().stream()
                    .filter(word -> word.startsWith(option))
                    .reduce((first, last) -> last)
                    .map(word -> word.substring(option.length()))
                    .orElse(decoded);
        } catch (IOException noProc) {
            return decoded;
        }
    }

    /**
     * Has this process run {@code program} in place of what it runs: the process id, the parent,
     * the children and the subreaper's role stay, and so do blocked signals and what is pending of
     * them. All threads but the calling one end. Does not return.
     *
     * @param program an absolute path
     * @param arguments argv, the program's own name first
     * @param descriptors what it gets beside 0, 1 and 2, with the same numbers
     * @throws PosixException if that cannot be: nothing has changed then
     */
    public static void replace(
            String program,
            List<String> arguments,
            Environment environment,
            Collection<Integer> descriptors)
            throws PosixException {
        Pointer argv = NativeMemory.vector(arguments.stream().map(PlatformString::encode).toList());
        Pointer envp = NativeMemory.vector(environment.toBytes());
        byte[] path = NativeMemory.path(program);
        CloseOnExec.markAll(3); // the JVM's own are not
        // Where the launcher could not: what this thread gets waits for the next image. Another
        // thread of the JVM's may get it still, and then it is lost.
        SignalSource.block();
        try {
            for (int fd : descriptors) {
                Descriptors.clearCloseOnExec(fd);
            }
            LibC.C.execve(path, argv, envp);
            throw PosixException.last("execute " + program);
        } finally {
            SignalSource.unblockForJvm();
            CloseOnExec.markAll(3); // such as the listener: no worker may get it
        }
    }
}
