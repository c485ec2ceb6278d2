"""fork() whose child is the daemon's child, not ours.

Each variant calls report(pid) in the process that made the child, so that the daemon knows of a child
that never manages to report itself.
"""

import errno
import os
import signal
import sys
import time

CLONE_PARENT = 0x8000  # clone(2)
LONGEST_FORK = 4  # seconds; less than the daemon waits
SYS_CLONE = {'x86_64': 56, 'aarch64': 220}


def cloneparent():
    """a fork function that uses clone(2), or None where the system does not support it

    This fork takes half the time of forktwice, and its caller must be a child of the daemon itself. Python's
    atfork handlers run, but the C library's do not, and the child runs bytecode before Python has
    repaired the interpreter's lock: so only a process with one thread may call it; see fork.
    """
    number = SYS_CLONE.get(os.uname().machine)
    if sys.platform != 'linux' or number is None or sys.maxsize < 2**32:
        return None
    import ctypes

    python = ctypes.PyDLL(None, use_errno=True)  # PyDLL calls with the GIL held
    python.syscall.restype = ctypes.c_long
    arguments = [ctypes.c_long(n) for n in (number, CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)]

    def fork(report):
        python.PyOS_BeforeFork()
        pid = python.syscall(*arguments)
        if pid == 0:
            python.PyOS_AfterFork_Child()
        else:
            python.PyOS_AfterFork_Parent()
        if pid < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        if pid > 0:
            report(pid)
        return pid

    return fork


def forktwice(report):
    """fork through an intermediate process, whose exit makes the child an orphan; the kernel reparents the
    orphan to the daemon, its subreaper. Uses Python's own fork, which allows any number of threads"""
    intermediate = os.fork()
    if intermediate:
        _await(intermediate)
        return intermediate
    pid = -1
    try:
        pid = os.fork()
        if pid:
            report(pid)
    except OSError as inst:
        os._exit(inst.errno)
    finally:
        if pid:
            os._exit(0 if pid > 0 else errno.ECHILD)
    return 0


def _await(intermediate):
    """wait for the intermediate process, which an extension's atfork handlers may hang"""
    end = time.monotonic() + LONGEST_FORK
    while True:
        pid, status = os.waitpid(intermediate, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > end:
            os.kill(intermediate, signal.SIGKILL)
            os.waitpid(intermediate, 0)
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        time.sleep(0.0002)
    number = os.WEXITSTATUS(status) if os.WIFEXITED(status) else errno.ECHILD
    if number:
        raise OSError(number, os.strerror(number))


def fork():
    """the fork function for this system: uses clone(2) while the process has one thread

    An extension may start another thread at any time, so each fork asks the kernel for the number of
    threads; if there is only this thread, no other one can appear between the answer and the fork.
    """
    quick = cloneparent()
    if quick is None:
        return forktwice

    def fork(report):
        return (quick if _threads() == 1 else forktwice)(report)

    return fork


def _threads():
    try:
        return len(os.listdir('/proc/self/task'))
    except OSError:
        return None  # there is no /proc
