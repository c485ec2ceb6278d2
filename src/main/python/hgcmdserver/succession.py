"""The succession of templates.

What takes a while, or may block for ever on somebody else's file, a copy of the template does, while the template
goes on forking workers. Then the copy takes the template's place: it has the same lines and directories, is the
daemon's child as well, and the daemon learns its process id first.
"""

import contextlib
import os
import signal
import socket

from hgcmdserver import daemonline

# A copy that waits longer than this, for a file of a hung file system, ends.
LONGEST_WORK = 30  # seconds

# What the copy says to the template.
DONE = b'd'
NOTHING = b'n'


def copy(fork, control, work):
    """Fork a copy of this process, a template.

    Returns, in the template, a socket that becomes readable when the copy is done or has ended; see endwith.
    Returns None in the copy, once it is the template: after work() has returned true, and the template has
    ended. If work() returns false, there is nothing to take over, and the copy ends; if it raises an exception, or
    takes too long, the copy ends without a word. control: the line."""
    ours, copys = socket.socketpair()
    try:
        if fork(lambda pid: None):
            copys.close()
            ours.sendall(b'.')  # by now the copy is the daemon's child, also with forktwice
            return ours
    except BaseException:
        ours.close()
        copys.close()
        raise
    try:
        ours.close()
        if not copys.recv(1):
            os._exit(0)  # the template has died
        # not the template, which may be slower than the copy
        control.sendall(daemonline.message(daemonline.SUCCESSOR, b'%d' % os.getpid()))
        with _limit():
            done = work()
        if not done:
            copys.sendall(NOTHING)
            os._exit(0)
        os.setpgid(0, 0)
        control.sendall(daemonline.message(daemonline.SUCCEEDED))
        copys.sendall(DONE)
        copys.recv(1)  # the template, alive or dead, reads its line no more
        copys.close()
    except:  # returns as a template or never, hence no re-raises
        os._exit(1)
    return None


def endwith(line):
    """End this process if its copy is done. Else the copy has ended: returns whether its work has failed. line: what
    copy() returned"""
    said = line.recv(1)
    if said == DONE:
        line.sendall(b'.')
        os._exit(0)  # without deleting anything: the copy uses it
    line.close()
    return said != NOTHING


@contextlib.contextmanager
def _limit():
    # the default action, since it ends most system calls of a hung file system too (TASK_KILLABLE)
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST_WORK)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before or signal.SIG_DFL)
