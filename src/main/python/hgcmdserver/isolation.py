"""Commands that this process runs for itself, isolated from the user's programs and configuration.

The user has not requested a rehearsal: programs that the configuration would make Mercurial start for a
command (hooks, loggers, shell aliases, extensions' programs) must not notice a rehearsal. A client's
command, later in the same process, starts them all as in plain hg.
"""

import _thread
import errno
import os
import socket
import subprocess

from mercurial import commands, encoding, extensions

from hgcmdserver import compat

# The sections of the user's configuration that decide which code a client's commands run, and that name no
# program or place. Not [extensions]: without that section the ui has none of the extensions' loggers, and
# only the extensions listed below set up the private repository.
SECTIONS = (
    b'annotate',
    b'command-templates',
    b'commands',
    b'diff',
    b'experimental',
    b'format',
    b'revsetalias',
    b'templatealias',
    b'templates',
)
ITEMS = ((b'ui', b'logtemplate'), (b'ui', b'relative-paths'), (b'ui', b'statuscopies'))

# Mercurial's own extensions that act only within a process and a repository, and carry no state from one
# repository to another (as blackbox does).
EXTENSIONS = frozenset(
    """absorb amend automv beautifygraph children churn closehead commitextras eol extdiff fetch githelp
    graphlog histedit journal keyword mq narrow purge rebase record relink share show sparse split strip
    transplant uncommit""".split()
)

# The public functions that start a program or reach another process.
REACHES_OUT = (
    [(os, name) for name in ('fork', 'forkpty', 'system', 'execv', 'execve', 'posix_spawn', 'posix_spawnp')]
    + [(subprocess.Popen, '__init__')]
    + [(socket.socket, name) for name in ('connect', 'connect_ex', 'sendto')]
)


SKIPREPO = b'HGRCSKIPREPO'


class isolation:
    """a context manager around such commands, which must run with its ui. Inside, the command table has no
    aliases and no wrappers of other extensions, and the thread that has entered the context can start no
    program"""

    def __init__(self, ui):
        self.ui = isolated(ui, SECTIONS, ITEMS)
        # answers as plain hg does without configuration: no template keyword is an alias
        self.bareui = isolated(ui, (), ())
        self._others = others(commands.table)
        self._patched = []

    def __enter__(self):
        for name, _users, command in self._others:
            if command is None:
                del commands.table[name]
            else:
                commands.table[name] = command
        self._skiprepo = encoding.environ.get(SKIPREPO)
        encoding.environ[SKIPREPO] = b'1'  # the daemon's directory may be a repository
        _confined.add(_thread.get_ident())
        for owner, name in REACHES_OUT:
            own = vars(owner).get(name)  # None if it is inherited
            if own is not None or hasattr(owner, name):
                setattr(owner, name, _refusing(getattr(owner, name)))
                self._patched.append((owner, name, own))

    def __exit__(self, *exception):
        while self._patched:
            owner, name, own = self._patched.pop()
            if own is None:
                delattr(owner, name)
            else:
                setattr(owner, name, own)
        _confined.discard(_thread.get_ident())
        if self._skiprepo is None:
            del encoding.environ[SKIPREPO]
        else:
            encoding.environ[SKIPREPO] = self._skiprepo
        for name, users, _command in self._others:
            commands.table[name] = users


def isolated(ui, sections, items):
    """a ui without any of the user's settings that could run or write something, and with these sections and
    items of the user's configuration"""
    users = ui.copy()  # for a repository's ui, this copies its baseui
    bare = ui.__class__()
    kept = [(section, name) for section in sections for name, _value in users.configitems(section)]
    for section, name in kept + list(items):
        value = users.config(section, name)
        if value is not None:
            bare.setconfig(section, name, value, b'rehearsal')
    for name, module in extensions.extensions(users):
        if isharmless(module.__name__):
            bare.setconfig(b'extensions', name, b'', b'rehearsal')
    bare.setconfig(b'worker', b'enabled', False, b'rehearsal')  # update would fork
    bare.disablepager()
    bare.callhooks = False
    return bare


def isharmless(module):
    """whether EXTENSIONS contains the module of this name"""
    return module.startswith('hgext.') and module.split('.')[1] in EXTENSIONS


def others(table):
    """(name, entry, the entry of Mercurial's own command or None) for each entry of a command table that is
    an alias, or that extensions outside EXTENSIONS have wrapped"""
    found = []
    for name, entry in table.items():
        command = entry
        while getattr(command, 'alias', False):  # dispatch.lazyaliasentry, which has the table without the alias
            command = command.cmdtable.get(name)
        if command is not None:
            own = compat.unwrapped(command[0], isharmless)
            if own is not command[0]:
                command = (own, *command[1:])
        if command is not entry:
            found.append((name, entry, command))
    return found


# The threads that are inside an isolation.
_confined = set()


def _refusing(function):
    """a wrapper that refuses calls of confined threads. A module that imports it meanwhile keeps it for good."""

    def refusing(*args, **kwargs):
        if _thread.get_ident() in _confined:
            raise PermissionError(errno.EPERM, 'a rehearsal starts no program and makes no connection')
        return function(*args, **kwargs)

    return refusing
