package org.hgcmdserver.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The programs that a command starts and the processes that it forks, by strace. */
final class Calls {

    private static final Pattern CALL = Pattern.compile("^[0-9]+ +(\\w+)\\(\"?([^\",]*)");

    private Calls() {}

    static void leaveOutUnlessTraceable(Path directory) throws Exception {
        LeftOut.unless(
                Processes.run(directory, "sh", "-c", "strace -o /dev/null true").status() == 0,
                "strace is missing, or must not trace");
    }

    /**
     * Runs a command that succeeds; returns its calls in their order, such as "execve /bin/true",
     * the command's own execve first.
     *
     * @param environment the whole environment of the command
     */
    static List<String> of(Path directory, List<String> environment, String... command)
            throws Exception {
        List<String> traced = new ArrayList<>(List.of("env", "-i"));
        traced.addAll(environment);
        traced.addAll(List.of("strace", "-f", "-qq", "-o", "trace", "-e", "signal=none"));
        traced.addAll(List.of("-e", "trace=execve,clone,?clone3,?fork,?vfork"));
        traced.addAll(List.of(command));
        Processes.run(directory, traced.toArray(String[]::new)).succeeded();
        return Files.readAllLines(directory.resolve("trace")).stream()
                .map(CALL::matcher)
                .filter(Matcher::find)
                .map(call -> call.group(1) + " " + call.group(2))
                .toList();
    }
}
