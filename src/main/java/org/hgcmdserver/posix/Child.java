package org.hgcmdserver.posix;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts programs with posix_spawn(3) and waits for them. The daemon must not use {@code
 * ProcessBuilder} as well: {@link #waitForAny} would take the exit statuses of its children.
 */
public final class Child {

    // spawn.h, the same on glibc, musl and macOS except for the last
    private static final int POSIX_SPAWN_SETPGROUP = 0x02;
    private static final int POSIX_SPAWN_SETSIGDEF = 0x04;
    private static final int POSIX_SPAWN_SETSIGMASK = 0x08;
    private static final int POSIX_SPAWN_CLOEXEC_DEFAULT = 0x4000; // macOS

    /** More than any libc's posix_spawnattr_t and posix_spawn_file_actions_t (glibc: 336, 80). */
    private static final int STRUCT_SIZE = 512;

    private static final int SIGSET_SIZE = 128;

    private static final int PR_SET_CHILD_SUBREAPER = 36; // prctl(2)

    // sys/wait.h
    private static final int P_PID = 1;
    private static final int WNOHANG = 1;
    private static final int WEXITED = 4;
    private static final int WNOWAIT = Os.LINUX ? 0x01000000 : 0x20;
    private static final int SIGINFO_SIZE = 128;

    private Child() {}

    public static boolean canBeSubreaper() {
        return Os.LINUX;
    }

    /**
     * Makes orphaned descendants of this process its children (PR_SET_CHILD_SUBREAPER in prctl(2)).
     * May be called in any thread for the whole process. Linux only.
     */
    public static void becomeSubreaper() throws PosixException {
        int result = LibC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        PosixException.check(result, "prctl", "PR_SET_CHILD_SUBREAPER");
    }

    /**
     * Starts {@code program} as a child of this process and the leader of a new process group. The
     * program gets the given descriptors as 0, 1 and so on (-1 keeps the daemon's), no other
     * descriptors, no blocked or ignored signals, exactly the given environment, and is ended
     * before this process when memory runs out. Returns when the exec has succeeded or failed
     * (glibc uses CLONE_VFORK).
     *
     * @param program the absolute path of an executable
     * @param arguments argv, the program's own name first
     * @param descriptors each at least as high as its index, or -1; the caller keeps and closes
     *     them
     * @return the process id
     * @throws PosixException the error of fork or exec: ENOENT, EACCES, EAGAIN, ENOMEM and others
     */
    public static int spawn(
            String program, List<String> arguments, Environment environment, int... descriptors)
            throws PosixException {
        NativeMemory attributes = NativeMemory.allocate(STRUCT_SIZE);
        NativeMemory actions = NativeMemory.allocate(STRUCT_SIZE);
        NativeMemory pid = NativeMemory.allocate(4);
        NativeMemory argv =
                NativeMemory.vector(arguments.stream().map(PlatformString::encode).toList());
        NativeMemory envp = NativeMemory.vector(environment.toBytes());
        LibC.posix_spawnattr_init(attributes);
        LibC.posix_spawn_file_actions_init(actions);
        try {
            setAttributes(attributes);
            setDescriptors(actions, descriptors);
            NativeMemory path = NativeMemory.path(program);
            int error = LibC.posix_spawn(pid, path, actions, attributes, argv, envp);
            if (error != 0) {
                throw PosixException.of("cannot start " + program, error);
            }
            Expendable.mark(pid.getInt(0));
            return pid.getInt(0);
        } finally {
            LibC.posix_spawn_file_actions_destroy(actions);
            LibC.posix_spawnattr_destroy(attributes);
        }
    }

    private static void setAttributes(NativeMemory attributes) {
        int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        if (!Os.LINUX) {
            flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
        }
        NativeMemory all = NativeMemory.allocate(SIGSET_SIZE);
        all.fill((byte) 0xff);
        NativeMemory none = NativeMemory.allocate(SIGSET_SIZE);
        LibC.posix_spawnattr_setflags(attributes, (short) flags);
        LibC.posix_spawnattr_setpgroup(attributes, 0);
        LibC.posix_spawnattr_setsigdefault(attributes, all);
        LibC.posix_spawnattr_setsigmask(attributes, none);
    }

    private static void setDescriptors(NativeMemory actions, int[] descriptors)
            throws PosixException {
        for (int i = 0; i < descriptors.length; i++) {
            if (descriptors[i] >= 0 && descriptors[i] < i) {
                throw new IllegalArgumentException("descriptor " + descriptors[i] + " as " + i);
            }
            if (descriptors[i] >= 0) {
                int error = LibC.posix_spawn_file_actions_adddup2(actions, descriptors[i], i);
                if (error == Errno.EBADF.number()) {
                    // glibc's error for any number above RLIMIT_NOFILE, which may have been lowered
                    error = Errno.EMFILE.number();
                }
                if (error != 0) {
                    throw PosixException.of("pass descriptor " + descriptors[i], error);
                }
            }
        }
        int first = Math.max(3, descriptors.length);
        if (Os.LINUX) {
            CloseOnExec.above(first, actions);
        } else {
            // macOS closes all descriptors that no action names, so actions must name 0 to 2
            for (int i = descriptors.length; i < 3; i++) {
                LibC.posix_spawn_file_actions_adddup2(actions, i, i);
            }
        }
    }

    /**
     * Waits for any child to exit (waitpid(2) with -1): a child of this process, whatever its
     * process group, or an orphan that the kernel reparented to it. Blocks the calling thread.
     *
     * @return the exit, or null if there are no children at all (ECHILD)
     * @throws PosixException on any other error
     */
    public static Exit waitForAny() throws PosixException {
        NativeMemory status = NativeMemory.allocate(4);
        while (true) {
            int pid = LibC.waitpid(-1, status, 0);
            if (pid > 0) {
                return Exit.of(pid, status.getInt(0));
            }
            if (PosixException.lastWas(Errno.ECHILD)) {
                return null;
            }
            if (!PosixException.lastWas(Errno.EINTR)) {
                throw PosixException.last("waitpid -1");
            }
        }
    }

    /**
     * Whether {@code pid} is a child of this process for which nothing has waited yet (waitid(2)
     * with WNOWAIT, which does not reap a zombie).
     */
    public static boolean isChild(int pid) {
        NativeMemory info = NativeMemory.allocate(SIGINFO_SIZE);
        return LibC.waitid(P_PID, pid, info, WEXITED | WNOHANG | WNOWAIT) == 0;
    }

    /**
     * The children of this process that lead a process group: workers do, background processes of a
     * hook do not. Empty on a system without /proc.
     */
    public static List<Integer> groupLeaders() {
        List<Integer> children = new ArrayList<>();
        String self = String.valueOf(ProcessHandle.current().pid());
        String[] processes = new File("/proc").list((proc, name) -> name.matches("\\d+"));
        for (String pid : processes == null ? new String[0] : processes) {
            try {
                String stat =
                        Files.readString(
                                Path.of("/proc", pid, "stat"), StandardCharsets.ISO_8859_1);
                // proc(5): pid (name) state ppid pgrp; the name may contain any character
                String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
                if (fields[1].equals(self) && fields[2].equals(pid)) {
                    children.add(Integer.valueOf(pid));
                }
            } catch (IOException gone) {
                // the process has ended
            }
        }
        return children;
    }

    /**
     * The children of a process, each as its program's name and pid: "vim (pid=123)". Empty if the
     * process has none, has gone, or the system does not list them (proc_tid_children(5)).
     */
    public static List<String> programsOf(int pid) {
        List<String> programs = new ArrayList<>();
        try {
            for (String child : read("/proc/%1$d/task/%1$d/children".formatted(pid)).split(" ")) {
                if (!child.isEmpty()) {
                    String name = read("/proc/" + child + "/comm").replaceAll("\\p{Cntrl}", "?");
                    programs.add(name + " (pid=" + child + ")");
                }
            }
        } catch (IOException gone) {
            // what has been found says enough
        }
        return programs;
    }

    /** Whether a process runs or waits for a processor only (proc_pid_stat(5)). */
    public static boolean isRunnable(int pid) {
        return isInState("R", pid);
    }

    /** Whether a process waits in the kernel for what usually comes soon, such as a disk. */
    public static boolean waitsForDisk(int pid) {
        return isInState("D", pid);
    }

    private static boolean isInState(String state, int pid) {
        try {
            String stat = read("/proc/" + pid + "/stat");
            return stat.startsWith(state, stat.lastIndexOf(')') + 2);
        } catch (IOException gone) {
            return false;
        }
    }

    private static String read(String file) throws IOException {
        return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1).strip();
    }

    /** Sends a signal that programs ignore, unless they expect it: SIGURG. */
    public static void requestFinish(int pid) {
        LibC.kill(pid, Signal.SIGURG.number());
    }

    /** Kills a process that serves no client: SIGKILL. */
    public static void kill(int pid) {
        LibC.kill(single(pid), Signal.SIGKILL.number());
    }

    /**
     * Kills a process that serves no client, and its descendants in the process group that it
     * leads: SIGKILL.
     */
    public static void killGroup(int leader) {
        if (LibC.kill(-single(leader), Signal.SIGKILL.number()) < 0) {
            kill(leader); // the process has not become a group leader yet
        }
    }

    /** To kill(2) 0 and negative numbers mean groups, this process's own among them, or all. */
    private static int single(int pid) {
        if (pid <= 1) {
            throw new IllegalArgumentException("process " + pid);
        }
        return pid;
    }

    /**
     * Sends a signal to each process of a group (kill(2) with a negative pid).
     *
     * @throws PosixException ESRCH if the group has no processes left, EPERM if another user owns
     *     them
     */
    public static void signalGroup(int processGroup, int signal) throws PosixException {
        if (processGroup <= 1) {
            throw new IllegalArgumentException("process group " + processGroup);
        }
        int result = LibC.kill(-processGroup, signal);
        PosixException.check(result, "signal process group", processGroup);
    }
}
