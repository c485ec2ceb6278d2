"""fork() whose child is the daemon's child, not ours."""

import os
import signal
import sys

CLONE_PARENT = 0x8000  # clone(2)
SYS_CLONE = {'x86_64': 56, 'aarch64': 220}


def cloneparent():
    """the way by clone(2), or None where it is not to be had

    glibc's atfork handlers do not run: it is for a process that has one thread. Python's do. It takes
    half the time of forktwice, and must be called by a child of the daemon itself.
    """
    number = SYS_CLONE.get(os.uname().machine)
    if sys.platform != 'linux' or number is None or sys.maxsize < 2**32:
        return None
    import ctypes

    python = ctypes.PyDLL(None, use_errno=True)  # PyDLL calls with the GIL held
    python.syscall.restype = ctypes.c_long
    arguments = [ctypes.c_long(n) for n in (number, CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)]

    def fork():
        python.PyOS_BeforeFork()
        pid = python.syscall(*arguments)
        if pid == 0:
            python.PyOS_AfterFork_Child()
        else:
            python.PyOS_AfterFork_Parent()
        if pid < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return pid

    return fork


def forktwice():
    """the way by an intermediate process, whose end makes the child an orphan, which the kernel gives
    to the daemon as the subreaper"""
    intermediate = os.fork()
    if intermediate:
        _pid, status = os.waitpid(intermediate, 0)
        number = os.WEXITSTATUS(status)
        if number:
            raise OSError(number, os.strerror(number))
        return intermediate
    try:
        if os.fork() == 0:
            return 0
    except OSError as inst:
        os._exit(inst.errno)
    os._exit(0)
