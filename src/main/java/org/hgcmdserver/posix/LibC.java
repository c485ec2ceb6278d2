package org.hgcmdserver.posix;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Platform;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Variadic;
import jnr.ffi.types.intptr_t;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;
import jnr.ffi.types.u_int32_t;
import jnr.ffi.types.u_int64_t;

/**
 * The functions of the C library that the daemon calls, as their man pages declare them. For this
 * package only; public because jnr-ffi implements the interface in another class loader.
 */
public interface LibC {

    LibC C =
            LibraryLoader.create(LibC.class)
                    .load(Platform.getNativePlatform().getStandardCLibraryName());

    Runtime RUNTIME = Runtime.getRuntime(C);

    // processes

    int posix_spawn(
            Pointer pid, byte[] path, Pointer actions, Pointer attr, Pointer argv, Pointer envp);

    int posix_spawn_file_actions_init(Pointer actions);

    int posix_spawn_file_actions_adddup2(Pointer actions, int from, int to);

    int posix_spawn_file_actions_destroy(Pointer actions);

    int posix_spawnattr_init(Pointer attr);

    int posix_spawnattr_setflags(Pointer attr, short flags);

    int posix_spawnattr_setpgroup(Pointer attr, int pgroup);

    int posix_spawnattr_setsigdefault(Pointer attr, Pointer signals);

    int posix_spawnattr_setsigmask(Pointer attr, Pointer signals);

    int posix_spawnattr_destroy(Pointer attr);

    int waitpid(int pid, Pointer status, int options);

    int waitid(int idType, int id, Pointer info, int options);

    int kill(int pid, int signal);

    int sigprocmask(int how, Pointer set, Pointer before);

    int pthread_sigmask(int how, Pointer set, Pointer before);

    int sigaction(int signal, Pointer action, Pointer before);

    int execve(byte[] path, Pointer argv, Pointer envp);

    @intptr_t
    long signal(int signal, @intptr_t long handler);

    // descriptors

    int close(int fd);

    int pipe(int[] fds);

    @Variadic(fixedCount = 2)
    int fcntl(int fd, int command, int argument);

    @Variadic(fixedCount = 2)
    int ioctl(int fd, @u_int64_t long request, Pointer argument);

    @Variadic(fixedCount = 2)
    int open(byte[] path, int flags, int mode);

    int flock(int fd, int operation);

    @ssize_t
    long read(int fd, Pointer buffer, @size_t long size);

    @ssize_t
    long write(int fd, byte[] buffer, @size_t long size);

    @ssize_t
    long pread(int fd, Pointer buffer, @size_t long size, @off_t long offset);

    int tcgetattr(int fd, Pointer termios);

    int tcsetattr(int fd, int actions, Pointer termios);

    int unlink(byte[] path);

    Pointer getcwd(Pointer buffer, @size_t long size);

    int geteuid();

    int poll(Pointer fds, @u_int64_t long count, int timeoutMillis);

    // sockets

    int socket(int domain, int type, int protocol);

    int bind(int fd, Pointer address, @u_int32_t int length);

    int connect(int fd, Pointer address, @u_int32_t int length);

    int listen(int fd, int backlog);

    int socketpair(int domain, int type, int protocol, int[] fds);

    @ssize_t
    long sendmsg(int fd, Pointer message, int flags);

    int accept(int fd, Pointer address, Pointer length);

    int shutdown(int fd, int how);

    @ssize_t
    long recv(int fd, Pointer buffer, @size_t long size, int flags);

    int getsockname(int fd, Pointer address, Pointer length);

    int getsockopt(int fd, int level, int option, Pointer value, Pointer length);

    @ssize_t
    long send(int fd, byte[] data, @size_t long size, int flags);

    // others

    Pointer strerror(int errno);

    /** Linux and glibc only; callers check the platform first. */
    interface Linux {

        Linux C =
                LibraryLoader.create(Linux.class)
                        .load(Platform.getNativePlatform().getStandardCLibraryName());

        int epoll_create1(int flags);

        int epoll_ctl(int epfd, int operation, int fd, Pointer event);

        int epoll_wait(int epfd, Pointer events, int count, int timeoutMillis);

        int accept4(int fd, Pointer address, Pointer length, int flags);

        int signalfd(int fd, Pointer mask, int flags);

        int memfd_create(byte[] name, int flags);

        int prctl(int option, long a, long b, long c, long d);
    }

    /** glibc 2.34 and newer. */
    interface CloseFrom {
        int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int from);
    }
}
