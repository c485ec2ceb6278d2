"""The files that this process was built from, and their state at that time.

chgserver compares hashes of the configuration and of mtimes instead, since its clients have different
environments. This daemon has one environment, so comparing the files is enough.
"""

import os
import site
import sys
import sysconfig
import time

from mercurial import commandserver, config, encoding, extensions, pycompat, util

from hgcmdserver import compat

# A file system's clock may be a tick behind the process's.
TICK = 20_000_000  # nanoseconds


class dependencies:
    def __init__(self, started, hg, own, anyextension):
        """started: time.time_ns() before the process read any file; hg: the script whose place this
        program takes; own: the directory of our modules; anyextension: whether a command may load any extension,
        from wherever a new process would find it"""
        self._anyextension = anyextension
        self._unchangedsince = started - TICK
        self._hg = hg
        self._own = own
        self._configs = {}
        self._present = []
        self._missing = []
        self._read = config.config.read

    def record(self):
        """record each configuration file that Mercurial reads from now on, includes too, and whether the
        file existed"""
        configs, read = self._configs, self._read

        def recordingread(self, path, *args, **kwargs):
            configs.setdefault(path, False)
            result = read(self, path, *args, **kwargs)
            configs[path] = True
            return result

        config.config.read = recordingread

    def settle(self, ui, repo, others=()):
        """record the state of the files, once Mercurial has loaded everything; others: further files"""
        config.config.read = self._read
        future = time.time_ns() + TICK
        # Mercurial has read and applied these, even if they no longer exist
        gone = {os.path.abspath(path) for path, read in self._configs.items() if read}
        for path in {os.path.abspath(path) for path in (*self._paths(ui, repo), *others)}:
            try:
                st = os.stat(path)
            except OSError:
                if path in gone:
                    self._present.append((path, None, None))  # equal to nothing
                else:
                    self._missing.append(path)
                continue
            # A file that may have changed while it was read compares unequal to any state. A ctime in the
            # future comes from another clock, and proves nothing.
            ctime = st.st_ctime_ns
            if self._unchangedsince <= ctime <= future:
                ctime = None
            self._present.append((path, ctime, st.st_ino))

    def _paths(self, ui, repo):
        # Mercurial reads its own resources by such names
        yield from (path for path in self._configs if not path.startswith(b'resource:'))
        for kind, path in compat.configcomponents():
            if kind == b'path':
                yield path
                if path.endswith(b'mercurial/hgrc'):
                    yield path + b'.d'  # a directory's ctime changes when a file comes or goes
        yield timezonefile()
        searched = encoding.environ.get(b'HGRCPATH', b'').split(pycompat.ospathsep)
        yield from filter(None, searched)
        if repo:
            for directory in {repo.path, repo.sharedpath}:
                for name in (b'hgrc', b'hgrc-not-shared', b'requires'):
                    yield os.path.join(directory, name)
        yield self._hg
        yield pycompat.fsencode(sys.executable)
        # an upgrade replaces files by renaming new ones, which changes the directory
        home = os.path.dirname(pycompat.fsencode(commandserver.__file__))
        yield from (home, os.path.join(home, b'__version__.py'), os.path.join(home, b'defaultrc'))
        yield from self._extensionpaths(ui, home)
        if self._anyextension:
            # a new one, or a file of paths in it, gives the next process another search path (site.main)
            directories = sys.path + site.getsitepackages() + [site.getusersitepackages()]
            yield from (pycompat.fsencode(directory) for directory in directories if os.path.isabs(directory))

    def _extensionpaths(self, ui, home):
        loaded = {name for name, _module in extensions.extensions()}
        for name, path in ui.configitems(b'extensions'):
            if path.startswith(b'!'):
                continue
            if path:
                yield util.expandpath(path)  # even if the extension failed to load
            elif name not in loaded:  # the extension may be installed later
                yield from (pycompat.fsencode(directory) for directory in sys.path if directory)
        yield from filter(None, (_origin(module) for _name, module in extensions.extensions()))
        # an extension loaded each module that is not part of Python, Mercurial or this package
        site = os.path.dirname(home)
        ours = [home, self._own] + [os.path.join(site, n) for n in (b'hgext', b'hgdemandimport')]
        ours = _directories(ours)
        python = _directories([pycompat.fsencode(sysconfig.get_path('stdlib'))])
        # in most installations these are inside the stdlib directory
        installed = _directories(
            pycompat.fsencode(sysconfig.get_path(name)) for name in ('purelib', 'platlib')
        )
        for origin in filter(None, map(_origin, list(sys.modules.values()))):
            pythons = origin.startswith(python) and not origin.startswith(installed)
            if not pythons and not origin.startswith(ours):
                yield origin

    def stale(self):
        """whether any file has changed; called for each connection, so it makes no unnecessary system call"""
        stat, access = os.stat, os.access
        try:
            for path, ctime, inode in self._present:
                st = stat(path)
                if st.st_ctime_ns != ctime or st.st_ino != inode:
                    return True
        except OSError:
            return True
        # not stat: its exception would take longer than the call
        return any(access(path, os.F_OK) for path in self._missing)


def timezonefile():
    """the file from which the C library derives local time (tzset(3)): a process reads it once, and with TZ
    set not even time.tzset() reads it again"""
    zone = encoding.environ.get(b'TZ', b'/etc/localtime').lstrip(b':')
    # if TZ holds a rule, this path names a file that does not exist
    return os.path.join(encoding.environ.get(b'TZDIR') or b'/usr/share/zoneinfo', zone or b'UTC')


def _origin(module):
    """the file from which Python loaded a module, if any"""
    try:
        # not getattr, which would load a module that hgdemandimport has deferred
        origin = object.__getattribute__(module, '__spec__').origin
    except AttributeError:
        return None
    return pycompat.fsencode(origin) if origin and os.path.isabs(origin) else None


def _directories(paths):
    return tuple(os.path.join(path, b'') for path in paths)
