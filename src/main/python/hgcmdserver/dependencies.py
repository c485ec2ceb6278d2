"""The files that made this process what it is, and how they looked then.

chgserver answers the same question by hashes of the configuration and of mtimes, since it serves
clients with environments of their own. Here there is one environment, so the files themselves tell.
"""

import os
import sys

from mercurial import commandserver, config, encoding, extensions, pycompat, rcutil, util

# A file system's clock may be a tick behind the process's.
TICK = 20_000_000  # nanoseconds


class dependencies:
    def __init__(self, started):
        """started: time.time_ns() from before anything was read"""
        self._unchangedsince = started - TICK
        self._configs = set()
        self._present = []
        self._missing = []
        self._read = config.config.read

    def record(self):
        """note each configuration file that is read from now on: includes too, and missing ones"""
        configs, read = self._configs, self._read

        def recordingread(self, path, *args, **kwargs):
            configs.add(path)
            return read(self, path, *args, **kwargs)

        config.config.read = recordingread

    def settle(self, ui):
        """all has been loaded: look at the files"""
        config.config.read = self._read
        for path in {os.path.abspath(path) for path in self._paths(ui)}:
            try:
                st = os.stat(path)
            except OSError:
                self._missing.append(path)
                continue
            # what changed while it was read compares unequal to anything
            ctime = st.st_ctime_ns if st.st_ctime_ns < self._unchangedsince else None
            self._present.append((path, ctime, st.st_ino))

    def _paths(self, ui):
        # Mercurial's own resources are read by names of this kind
        yield from (path for path in self._configs if not path.startswith(b'resource:'))
        for kind, path in rcutil.rccomponents():
            if kind == b'path':
                yield path
                if path.endswith(b'mercurial/hgrc'):
                    yield path + b'.d'  # a directory changes when a file comes or goes
        searched = encoding.environ.get(b'HGRCPATH', b'').split(pycompat.ospathsep)
        yield from filter(None, searched)
        yield pycompat.fsencode(sys.executable)
        # an upgrade replaces files by renaming new ones, which changes the directory
        home = os.path.dirname(pycompat.fsencode(commandserver.__file__))
        yield from (home, os.path.join(home, b'__version__.py'), os.path.join(home, b'defaultrc'))
        yield from self._extensionpaths(ui)

    def _extensionpaths(self, ui):
        for _name, path in ui.configitems(b'extensions'):
            if path and not path.startswith(b'!'):
                yield util.expandpath(path)  # one that failed to load, too
        for _name, extension in extensions.extensions():
            if extensions.ismoduleinternal(extension):
                continue
            name = extension.__name__
            for modulename, module in list(sys.modules.items()):
                if modulename == name or modulename.startswith(name + '.'):
                    path = getattr(module, '__file__', None)
                    if path:
                        yield pycompat.fsencode(path)

    def stale(self):
        """whether any has changed; asked for each connection, so it makes no call too many"""
        stat, access = os.stat, os.access
        try:
            for path, ctime, inode in self._present:
                st = stat(path)
                if st.st_ctime_ns != ctime or st.st_ino != inode:
                    return True
        except OSError:
            return True
        # no stat: the exception would take longer than the call
        return any(access(path, os.F_OK) for path in self._missing)
