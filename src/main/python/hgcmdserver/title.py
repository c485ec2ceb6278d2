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

# compiled here, not by each worker
CONFIG_VALUE = re.compile(br'^((?:--config=)?[^=]*=).*', re.DOTALL)
URL_PASSWORD = re.compile(br'(://[^/:@]*):.*@', re.DOTALL)  # up to the last "@": a password may contain anything
CONTROL = re.compile(br'[\0-\x1f\x7f]')

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
_role = b''
_uid = -1


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
    """the title of a worker that has been given a connection of this user's; -1: unknown. Of another user than
    this process's it shows the number: a slow user database must not delay the hello"""
    global _role, _uid
    _role = role.encode()
    _uid = uid
    _show(_worker())


def hasgreeted():
    """the hello has been sent; while the client makes its first request, the title gets the user's name"""
    if _role and _uid not in _names and _uid >= 0:
        name(_uid)
        _show(_worker())


def command(arguments):
    """the title of a worker that runs this command; None: none any more"""
    text = _worker() if arguments is None else _worker() + b': ' + b' '.join([b'hg'] + _public(arguments))
    if _role:  # else a template, which tries a server, or a rehearsal
        _show(text)


def _worker():
    if _uid < 0:
        return _role
    return _role + b' for ' + os.fsencode(_names.get(_uid, 'uid %d' % _uid))


def _public(arguments):
    """the arguments without passwords, since everybody can read titles: those in URLs, and all values of --config"""
    words = []
    isconfig = False
    for argument in arguments:
        if isconfig or argument.startswith(b'--config='):
            argument = CONFIG_VALUE.sub(br'\1***', argument)
        isconfig = argument == b'--config'
        words.append(URL_PASSWORD.sub(br'\1:***@', argument))
    return words


def _show(text):
    _memory.write(CONTROL.sub(b'?', b'hg-cmdserver: ' + text))
