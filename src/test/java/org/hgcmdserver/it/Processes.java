package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** Runs programs for a test, and reads the state of processes from /proc. */
final class Processes {

    /** The time limit for an expected event; far longer than the event takes. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** The time limit for a script of 60 commands of hg, each of which starts a Python. */
    private static final Duration LONGEST_SCRIPT = PATIENCE.multipliedBy(5);

    /**
     * A thread for each task: the common pool may have a single thread, which one blocked task
     * would take.
     */
    static final Executor THREADS = task -> new Thread(task).start();

    record Result(int status, String out, String err) {
        Result succeeded() {
            assertThat(status).as("exit status; stderr: %s", err).isZero();
            return this;
        }
    }

    private Processes() {}

    static ConditionFactory await() {
        return Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(5))
                .pollDelay(Duration.ZERO);
    }

    static Result run(Path directory, String... command) throws Exception {
        return runWithInput(directory, "", command);
    }

    /**
     * Runs a program to its end; stdin, stdout and stderr are files, so the program cannot block.
     */
    static Result runWithInput(Path directory, String stdin, String... command) throws Exception {
        return run(directory, stdin, PATIENCE, command);
    }

    /** Runs a script of many commands, which may take longer than one program does. */
    static Result runScript(Path directory, String... command) throws Exception {
        return run(directory, "", LONGEST_SCRIPT, command);
    }

    private static Result run(Path directory, String stdin, Duration limit, String... command)
            throws Exception {
        Path in = Files.createTempFile("test", ".in");
        Path out = Files.createTempFile("test", ".out");
        Path err = Files.createTempFile("test", ".err");
        try {
            Files.writeString(in, stdin);
            Process process =
                    new ProcessBuilder(command)
                            .directory(directory.toFile())
                            .redirectInput(in.toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile())
                            .start();
            if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(List.of(command) + " does not end");
            }
            return new Result(
                    process.exitValue(),
                    Files.readString(out, UTF_8),
                    Files.readString(err, UTF_8));
        } finally {
            Files.delete(in);
            Files.delete(out);
            Files.delete(err);
        }
    }

    /** A line of /proc/PID/status; null if the process has gone. */
    static String status(long pid, String name) throws IOException {
        try {
            String status = Files.readString(Path.of("/proc/" + pid + "/status"));
            Matcher line =
                    Pattern.compile("^" + name + ":\\s*(.*)$", Pattern.MULTILINE).matcher(status);
            return line.find() ? line.group(1) : null;
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) { // ESRCH: the process went during the read
            return null;
        }
    }

    /**
     * A field of proc_pid_stat(5) after the name: 0 is the state, 1 ppid, 2 pgrp, 3 session, 4
     * tty_nr.
     */
    static long stat(long pid, int field) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), ISO_8859_1);
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[field]);
    }

    static int residentKiB(long pid) throws IOException {
        return Integer.parseInt(status(pid, "VmRSS").replace(" kB", ""));
    }

    /** The children of a process, including zombies. */
    static List<Long> children(long parent) throws IOException {
        List<Long> children = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path path : (Iterable<Path>) all::iterator) {
                String name = path.getFileName().toString();
                if (name.matches("\\d+")) {
                    String ppid = status(Long.parseLong(name), "PPid");
                    if (String.valueOf(parent).equals(ppid)) {
                        children.add(Long.parseLong(name));
                    }
                }
            }
        }
        return children;
    }

    /** The processes that were started with this variable, "NAME=VALUE", in their environment. */
    static List<Long> withVariable(String variable) {
        List<Long> pids = new ArrayList<>();
        for (ProcessHandle process :
                (Iterable<ProcessHandle>) ProcessHandle.allProcesses()::iterator) {
            Path environment = Path.of("/proc/" + process.pid() + "/environ");
            try {
                if (("\0" + Files.readString(environment, ISO_8859_1))
                        .contains("\0" + variable + "\0")) {
                    pids.add(process.pid());
                }
            } catch (IOException gone) {
                // or another user's process
            }
        }
        return pids;
    }

    static boolean isAlive(long pid) throws IOException {
        String state = status(pid, "State");
        return state != null && !state.startsWith("Z");
    }

    /** Kills a process and, if it leads a group, the whole group. */
    static void killGroup(long leader) throws Exception {
        ProcessHandle.of(leader).ifPresent(ProcessHandle::destroyForcibly);
        if (isGroupAlive(leader)) {
            run(Path.of("/"), "kill", "-s", "KILL", "--", "-" + leader);
        }
    }

    /** Whether the given process is alive, or a process in the group that it leads. */
    static boolean isGroupAlive(long leader) throws IOException {
        if (isAlive(leader)) {
            return true;
        }
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path path : (Iterable<Path>) all::iterator) {
                if (path.getFileName().toString().matches("\\d+") && isIn(path, leader)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isIn(Path process, long group) {
        try {
            String stat = Files.readString(process.resolve("stat"), ISO_8859_1);
            // proc(5): pid (name) state ppid pgrp
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return fields[2].equals(String.valueOf(group)) && !fields[0].equals("Z");
        } catch (IOException gone) {
            return false;
        }
    }

    /** The open descriptors of a process with their targets: "3 -> socket:[123]". */
    static List<String> descriptors(long pid) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            for (Path path : (Iterable<Path>) all::iterator) {
                try {
                    found.add(path.getFileName() + " -> " + Files.readSymbolicLink(path));
                } catch (NoSuchFileException closedMeanwhile) {
                    // no longer open
                }
            }
        }
        return found;
    }

    /** The targets of a process's open descriptors, by number; none if the process has gone. */
    static Map<Integer, String> openFiles(long pid) throws IOException {
        Map<Integer, String> files = new TreeMap<>();
        try {
            for (String descriptor : descriptors(pid)) {
                String[] both = descriptor.split(" -> ", 2);
                files.put(Integer.parseInt(both[0]), both[1]);
            }
        } catch (IOException | UncheckedIOException e) {
            if (!Prefork.command(pid).isEmpty()) { // a process that ends loses its arguments first
                throw e;
            }
            return Map.of();
        }
        return files;
    }

    /** The sockets that a process holds, such as "socket:[123]". */
    static List<String> sockets(long pid) throws IOException {
        return descriptors(pid).stream()
                .map(d -> d.replaceFirst(".* -> ", ""))
                .filter(d -> d.startsWith("socket:"))
                .toList();
    }

    /** Sends SIGSTOP, and waits until each thread has stopped. */
    static void stop(long pid) throws Exception {
        signal(pid, "STOP");
        await().until(
                        () -> {
                            try (Stream<Path> threads =
                                    Files.list(Path.of("/proc/" + pid + "/task"))) {
                                return threads.allMatch(Processes::isStopped);
                            }
                        });
    }

    private static boolean isStopped(Path thread) {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) == 'T';
        } catch (IOException gone) {
            return true;
        }
    }

    static void signal(long pid, String name) throws Exception {
        assertThat(pid).as("a process, not a group").isGreaterThan(1);
        run(Path.of("/"), "kill", "-s", name, String.valueOf(pid)).succeeded();
    }
}
