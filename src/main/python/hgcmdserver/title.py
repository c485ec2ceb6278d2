"""The title of this process, which ps(1) and `systemctl status` print in the place of its command line.

As PostgreSQL's set_ps_display does, it overwrites the memory in which the kernel has put the command line
(proc_pid_cmdline(5)). Without /proc, as on macOS, the command line stays.
"""

import os
import pwd
import re

TEMPLATE = 'template'
TEMPLATE_FOR_CHG = 'template for chg'
PROOF = 'proof'
IDLE = 'idle worker'
WORKER = 'worker'  # forked by a template
SPAWNED = 'spawned worker'  # started for its connection

# Fields of proc_pid_stat(5), counted behind the name.
ARG_START, ARG_END = 45, 46


class _area:
    """the memory of the command line; a fork has its copy at the same address"""

    def __init__(self):
        self._start = self._size = 0
        try:
            with open('/proc/self/stat', 'rb') as stat:
                fields = stat.read().rpartition(b')')[2].split()
            self._start = int(fields[ARG_START])
            self._size = int(fields[ARG_END]) - self._start
        except (OSError, IndexError, ValueError):
            pass

    def write(self, text):
        if self._size <= 0:
            return
        # the last byte stays zero: else the kernel would print the environment, which follows, too
        data = text[: self._size - 1].ljust(self._size, b'\0')
        try:
            memory = os.open('/proc/self/mem', os.O_WRONLY)
            try:
                os.pwrite(memory, data, self._start)
            finally:
                os.close(memory)
        except OSError:  # a kernel that allows no process this
            self._size = 0


_memory = _area()
_names = {}
_worker = b''


def name(uid):
    """the user's name, or the number"""
    if uid not in _names:
        try:
            _names[uid] = pwd.getpwuid(uid).pw_name
        except KeyError:
            _names[uid] = 'uid %d' % uid
    return _names[uid]


def set(role):
    _show(role.encode())


def worker(role, uid):
    """the title of a worker that has been given a connection of this user's; -1: unknown"""
    global _worker
    _worker = role.encode()
    if uid >= 0:
        _worker += b' for ' + os.fsencode(name(uid))
    _show(_worker)


def command(arguments):
    """the title of a worker that runs this command; None: none any more"""
    if not _worker:
        return  # a template, which tries a server
    if arguments is None:
        _show(_worker)
        return
    words = b' '.join([b'hg'] + [_withoutpassword(argument) for argument in arguments])
    _show(_worker + b': ' + words)


def _withoutpassword(argument):
    """as util.hidepassword prints a URL"""
    return re.sub(br'(://[^/@:]*):[^/@]*@', br'\1:***@', argument) if b'://' in argument else argument


def _show(text):
    _memory.write(re.sub(br'[\0-\x1f\x7f]', b'?', b'hg-cmdserver: ' + text))
