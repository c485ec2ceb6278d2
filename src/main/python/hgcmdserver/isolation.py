"""Commands that this process runs for itself, apart from the user's programs and configuration.

A rehearsal is no command of the user's: whatever the configuration would have Mercurial start for a
command (hooks, loggers, shell aliases, extensions' programs) must not notice it. A client's command,
later in the same process, does all that as in plain hg.
"""

import _thread
import errno
import os
import socket
import subprocess

from mercurial import commands, encoding, extensions

from hgcmdserver import compat

# Of the user's configuration, what decides which code a client's commands run, and names no program
# or place. Not [extensions]: without it the ui has none of their loggers, and the private repository
# is not set up by them, but for those below.
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

# Mercurial's own extensions that are at work in a process and in a repository alone, and keep nothing
# of one repository for another (as blackbox does).
EXTENSIONS = frozenset(
    """absorb amend automv beautifygraph children churn closehead commitextras eol extdiff fetch githelp
    graphlog histedit journal keyword mq narrow purge rebase record relink share show sparse split strip
    transplant uncommit""".split()
)

# What starts a program or reaches another process, by its public name.
REACHES_OUT = (
    [(os, name) for name in ('fork', 'forkpty', 'system', 'execv', 'execve', 'posix_spawn', 'posix_spawnp')]
    + [(subprocess.Popen, '__init__')]
    + [(socket.socket, name) for name in ('connect', 'connect_ex', 'sendto')]
)


SKIPREPO = b'HGRCSKIPREPO'


class isolation:
    """a context manager around such commands, to be run with its ui: within, commands are what they
    are without aliases and without what other extensions have wrapped around them, and the thread that
    has entered it can start no program"""

    def __init__(self, ui):
        self.ui = isolated(ui, SECTIONS, ITEMS)
        # answers like plain hg without configuration, where no keyword of a template is an alias
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
    """a ui with nothing of the user's that could run or write anything, and of their configuration those
    sections and items"""
    users = ui.copy()  # of a repository's ui, this is a copy of its baseui
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
    """whether this is the name of a module of EXTENSIONS"""
    return module.startswith('hgext.') and module.split('.')[1] in EXTENSIONS


def others(table):
    """(name, entry, the entry of Mercurial's own command, or None) of each entry in a table of commands
    that is an alias or wrapped by others than EXTENSIONS"""
    found = []
    for name, entry in table.items():
        command = entry
        while getattr(command, 'alias', False):  # dispatch.lazyaliasentry; it has the table before it
            command = command.cmdtable.get(name)
        if command is not None:
            own = compat.unwrapped(command[0], isharmless)
            if own is not command[0]:
                command = (own, *command[1:])
        if command is not entry:
            found.append((name, entry, command))
    return found


# The threads that are within an isolation.
_confined = set()


def _refusing(function):
    """function for all threads but the confined. Who imports it meanwhile has it for good."""

    def refusing(*args, **kwargs):
        if _thread.get_ident() in _confined:
            raise PermissionError(errno.EPERM, 'a rehearsal starts no program and makes no connection')
        return function(*args, **kwargs)

    return refusing
