package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** This process's program, and its replacement by another program (execve(2)). */
public final class ProcessImage {

    private ProcessImage() {}

    /** The command that started this process: the program's absolute path and its arguments. */
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

    /** argv; not from ProcessHandle, which reads at most a page of it. */
    private static List<String> commandLine() throws IOException {
        String all = PlatformString.decode(Files.readAllBytes(Path.of("/proc/self/cmdline")));
        List<String> words = List.of(all.split("\0", -1));
        return words.subList(0, words.size() - 1);
    }

    /**
     * The program's arguments as the kernel has them, for {@link PlatformString} to encode: the JVM
     * decodes the arguments of {@code main} in the locale's encoding, and loses bytes that are not
     * valid in it.
     *
     * @param decoded the JVM's arguments, returned where there is no /proc, or if this process was
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
            // no /proc: the JVM's arguments
        }
        return List.of(decoded);
    }

    /** A system property; if the command line sets it, with the bytes of the command line. */
    public static String property(String name, String otherwise) {
        String decoded = System.getProperty(name);
        if (decoded == null) {
            return otherwise;
        }
        if (decoded.matches("[\\x01-\\x7e&&[^?]]*")) { // the JVM has replaced no byte
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
     * Replaces the program of this process by {@code program}: the process id, the parent, the
     * children and the subreaper attribute stay, as do blocked and pending signals. All threads
     * except the calling one end. Does not return.
     *
     * @param program an absolute path
     * @param arguments argv, the program's own name first
     * @param descriptors the descriptors that it gets besides 0, 1 and 2, with the same numbers
     * @throws PosixException if the exec fails; nothing has changed then
     */
    public static void replace(
            String program,
            List<String> arguments,
            Environment environment,
            Collection<Integer> descriptors)
            throws PosixException {
        NativeMemory argv =
                NativeMemory.vector(arguments.stream().map(PlatformString::encode).toList());
        NativeMemory envp = NativeMemory.vector(environment.toBytes());
        NativeMemory path = NativeMemory.path(program);
        CloseOnExec.markAll(3); // the JVM's own descriptors are not close-on-exec
        // Where the launcher could not block signals: a signal to this thread stays pending for the
        // next image. A signal that another thread of the JVM receives is lost.
        SignalSource.block();
        try {
            for (int fd : descriptors) {
                Descriptors.clearCloseOnExec(fd);
            }
            LibC.execve(path, argv, envp);
            throw PosixException.last("execute " + program);
        } finally {
            SignalSource.unblockForJvm();
            CloseOnExec.markAll(3); // such as the listener, which no worker may get
        }
    }
}
