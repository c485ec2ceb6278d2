package org.hgcmdserver.posix;

/**
 * The functions of the C library that the daemon calls, as their man pages declare them. A function
 * that the platform lacks fails at its first call, with UnsatisfiedLinkError; callers check the
 * platform first.
 */
final class LibC {

    private static final NativeLibrary C = NativeLibrary.C;

    private LibC() {}

    // processes

    static int posix_spawn(
            NativeMemory pid,
            NativeMemory path,
            NativeMemory actions,
            NativeMemory attr,
            NativeMemory argv,
            NativeMemory envp) {
        return C.callInt("posix_spawn", pid, path, actions, attr, argv, envp);
    }

    static int posix_spawn_file_actions_init(NativeMemory actions) {
        return C.callInt("posix_spawn_file_actions_init", actions);
    }

    static int malloc_trim(long pad) {
        return C.callInt("malloc_trim", pad);
    }

    /** Returns the address of a struct passwd, or 0. */
    static long getpwuid(int uid) {
        return C.call("getpwuid", uid);
    }

    /** Returns the address of a struct passwd, or 0. */
    static long getpwnam(NativeMemory name) {
        return C.call("getpwnam", name);
    }

    static int getrlimit(int resource, NativeMemory limits) {
        return C.callInt("getrlimit", resource, limits);
    }

    static int posix_spawn_file_actions_adddup2(NativeMemory actions, int from, int to) {
        return C.callInt("posix_spawn_file_actions_adddup2", actions, from, to);
    }

    static int posix_spawn_file_actions_destroy(NativeMemory actions) {
        return C.callInt("posix_spawn_file_actions_destroy", actions);
    }

    static int posix_spawnattr_init(NativeMemory attr) {
        return C.callInt("posix_spawnattr_init", attr);
    }

    static int posix_spawnattr_setflags(NativeMemory attr, short flags) {
        return C.callInt("posix_spawnattr_setflags", attr, flags);
    }

    static int posix_spawnattr_setpgroup(NativeMemory attr, int pgroup) {
        return C.callInt("posix_spawnattr_setpgroup", attr, pgroup);
    }

    static int posix_spawnattr_setsigdefault(NativeMemory attr, NativeMemory signals) {
        return C.callInt("posix_spawnattr_setsigdefault", attr, signals);
    }

    static int posix_spawnattr_setsigmask(NativeMemory attr, NativeMemory signals) {
        return C.callInt("posix_spawnattr_setsigmask", attr, signals);
    }

    static int posix_spawnattr_destroy(NativeMemory attr) {
        return C.callInt("posix_spawnattr_destroy", attr);
    }

    static int waitpid(int pid, NativeMemory status, int options) {
        return C.callInt("waitpid", pid, status, options);
    }

    static int waitid(int idType, int id, NativeMemory info, int options) {
        return C.callInt("waitid", idType, id, info, options);
    }

    static int kill(int pid, int signal) {
        return C.callInt("kill", pid, signal);
    }

    static int sigprocmask(int how, NativeMemory set, NativeMemory before) {
        return C.callInt("sigprocmask", how, set, before);
    }

    static int pthread_sigmask(int how, NativeMemory set, NativeMemory before) {
        return C.callInt("pthread_sigmask", how, set, before);
    }

    static int sigaction(int signal, NativeMemory action, NativeMemory before) {
        return C.callInt("sigaction", signal, action, before);
    }

    static int execve(NativeMemory path, NativeMemory argv, NativeMemory envp) {
        return C.callInt("execve", path, argv, envp);
    }

    static long signal(int signal, long handler) {
        return C.call("signal", signal, handler);
    }

    // descriptors

    static int close(int fd) {
        return C.callInt("close", fd);
    }

    static int pipe(NativeMemory fds) {
        return C.callInt("pipe", fds);
    }

    static int fcntl(int fd, int command, int argument) {
        return C.callVariadic(2, "fcntl", fd, command, argument);
    }

    static int ioctl(int fd, long request, NativeMemory argument) {
        return C.callVariadic(2, "ioctl", fd, request, argument);
    }

    static int open(NativeMemory path, int flags, int mode) {
        return C.callVariadic(2, "open", path, flags, mode);
    }

    static int dup(int fd) {
        return C.callInt("dup", fd);
    }

    static int dup2(int from, int to) {
        return C.callInt("dup2", from, to);
    }

    static int inotify_init1(int flags) {
        return C.callInt("inotify_init1", flags);
    }

    static int inotify_add_watch(int fd, NativeMemory path, int events) {
        return C.callInt("inotify_add_watch", fd, path, events);
    }

    static int flock(int fd, int operation) {
        return C.callInt("flock", fd, operation);
    }

    static long read(int fd, NativeMemory buffer, long size) {
        return C.call("read", fd, buffer, size);
    }

    static long write(int fd, NativeMemory buffer, long size) {
        return C.call("write", fd, buffer, size);
    }

    static long pread(int fd, NativeMemory buffer, long size, long offset) {
        return C.call("pread", fd, buffer, size, offset);
    }

    static int tcgetattr(int fd, NativeMemory termios) {
        return C.callInt("tcgetattr", fd, termios);
    }

    static int tcsetattr(int fd, int actions, NativeMemory termios) {
        return C.callInt("tcsetattr", fd, actions, termios);
    }

    static int unlink(NativeMemory path) {
        return C.callInt("unlink", path);
    }

    static long getcwd(NativeMemory buffer, long size) {
        return C.call("getcwd", buffer, size);
    }

    static int geteuid() {
        return C.callInt("geteuid");
    }

    static int poll(NativeMemory fds, long count, int timeoutMillis) {
        return C.callInt("poll", fds, count, timeoutMillis);
    }

    // sockets

    static int socket(int domain, int type, int protocol) {
        return C.callInt("socket", domain, type, protocol);
    }

    static int bind(int fd, NativeMemory address, int length) {
        return C.callInt("bind", fd, address, length);
    }

    static int connect(int fd, NativeMemory address, int length) {
        return C.callInt("connect", fd, address, length);
    }

    static int listen(int fd, int backlog) {
        return C.callInt("listen", fd, backlog);
    }

    static int socketpair(int domain, int type, int protocol, NativeMemory fds) {
        return C.callInt("socketpair", domain, type, protocol, fds);
    }

    static long sendmsg(int fd, NativeMemory message, int flags) {
        return C.call("sendmsg", fd, message, flags);
    }

    static int accept(int fd, NativeMemory address, NativeMemory length) {
        return C.callInt("accept", fd, address, length);
    }

    static int shutdown(int fd, int how) {
        return C.callInt("shutdown", fd, how);
    }

    static long recv(int fd, NativeMemory buffer, long size, int flags) {
        return C.call("recv", fd, buffer, size, flags);
    }

    static int getsockname(int fd, NativeMemory address, NativeMemory length) {
        return C.callInt("getsockname", fd, address, length);
    }

    static int getsockopt(int fd, int level, int option, NativeMemory value, NativeMemory length) {
        return C.callInt("getsockopt", fd, level, option, value, length);
    }

    static long send(int fd, NativeMemory data, long size, int flags) {
        return C.call("send", fd, data, size, flags);
    }

    // others

    static long strerror(int errno) {
        return C.call("strerror", errno);
    }

    // Linux and glibc only; callers check the platform first

    static int epoll_create1(int flags) {
        return C.callInt("epoll_create1", flags);
    }

    static int epoll_ctl(int epfd, int operation, int fd, NativeMemory event) {
        return C.callInt("epoll_ctl", epfd, operation, fd, event);
    }

    static int epoll_wait(int epfd, NativeMemory events, int count, int timeoutMillis) {
        return C.callInt("epoll_wait", epfd, events, count, timeoutMillis);
    }

    static int accept4(int fd, NativeMemory address, NativeMemory length, int flags) {
        return C.callInt("accept4", fd, address, length, flags);
    }

    static int signalfd(int fd, NativeMemory mask, int flags) {
        return C.callInt("signalfd", fd, mask, flags);
    }

    static int memfd_create(NativeMemory name, int flags) {
        return C.callInt("memfd_create", name, flags);
    }

    static int prctl(int option, long a, long b, long c, long d) {
        return C.callInt("prctl", option, a, b, c, d);
    }

    // glibc 2.34 and newer

    static int posix_spawn_file_actions_addclosefrom_np(NativeMemory actions, int from) {
        return C.callInt("posix_spawn_file_actions_addclosefrom_np", actions, from);
    }
}
