"""What loading a configuration and its extensions looks at, so that a process may load them ahead of a command.

The configuration is loaded for a trial in a child process, whose functions report what is asked of them: variables,
files, items of the configuration. A loading that did something that a later command could notice, or that looked at
something that differs from command to command, is not for a template: its commands load the configuration themselves.
"""

import atexit
import contextlib
import marshal
import os
import signal
import sys
import sysconfig
import tempfile
import threading

from mercurial import config, extensions, pycompat
from mercurial.utils import procutil

MAX_SIZE = 1 << 20  # bytes of what is observed
MAX_PATHS = 200

# Events of sys.addaudithook() that leave nothing behind, or whose function reports more by itself. All others are
# refused: they start programs, connect, change files or the process.
HARMLESS = (
    'import', 'compile', 'exec', 'marshal.', 'code.', 'function.', 'object.', 'builtins.id', 'cpython.',
    'array.', 'ctypes.', 'gc.', 'sys._', 'sys.unraisablehook', 'pickle.', 'time.sleep', 'mmap.', 'os.getxattr',
)  # fmt: skip
READING = ('os.listdir', 'os.scandir', 'os.walk', 'os.fwalk', 'os.listxattr', 'glob.glob', 'glob.glob/2')
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Functions that take a path, and do not report it as an event.
OF_PATHS = ('stat', 'lstat', 'access', 'readlink', 'statvfs')

# Functions of the module os whose result is another one for each command.
OF_PROCESS = (
    'getpid getppid getpgid getpgrp getsid getcwd getcwdb umask isatty ttyname get_terminal_size urandom times'
    ' getpriority'
).split()

# A client's directory and shell have these; a configuration that depends on them would be another one each time.
OF_DIRECTORY = (b'PWD', b'OLDPWD', b'SHLVL', b'_')


class Unfit(Exception):
    """each command must load the configuration; the message is the reason"""

    def __init__(self, reason, paths=()):
        """paths: of the files, present or not, that have been looked at"""
        super().__init__(reason)
        self.files = files(paths)


class files:
    """the state of some files at a time"""

    def __init__(self, paths):
        self._paths = list(paths)
        self._state = self._stat()

    def _stat(self):
        return [_stat(path) for path in self._paths]

    def havechanged(self):
        return self._stat() != self._state


def _stat(path):
    try:
        st = os.stat(path)
    except OSError:
        return None
    return st.st_ctime_ns, st.st_ino


class observed:
    """what a loading has looked at"""

    def __init__(self, names, items, paths):
        """names: of variables; items: (section, name or None for the whole section), of the configuration, while
        extensions were loaded; paths: of files, present or not"""
        self.names = names
        self.items = items
        self.paths = paths


def observe(load):
    """Have a child process call load(watcher), which uses the watcher's contexts. Returns what was observed there, or
    raises Unfit."""
    if not hasattr(sys, 'addaudithook'):
        raise Unfit('Python %d.%d does not report events' % sys.version_info[:2])
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as output:
        _flush()  # what is in the buffers is not the child's
        pid = os.fork()
        if not pid:
            _child(load, answer, output)
        _pid, status = os.waitpid(pid, 0)
        if status:
            raise Unfit('the process that loads it has ended with the status %d' % status)
        answer.seek(0)
        reason, names, items, paths = marshal.loads(answer.read(MAX_SIZE))
    if reason:
        raise Unfit(reason, paths)
    return observed(names, items, paths)


def _child(load, answer, output):
    """does not return"""
    status = 1
    try:
        for fd in (1, 2):
            os.dup2(output.fileno(), fd)
        watching = watcher()
        try:
            load(watching)
        except Unfit as inst:
            watching.refuse(str(inst))
        except SystemExit as inst:
            watching.refuse('it ends the process with the status %s' % inst)
        except Exception as inst:
            watching.refuse('%s: %s' % (type(inst).__name__, inst))
        _flush()
        if os.lseek(output.fileno(), 0, os.SEEK_END):
            watching.refuse('it prints something')
        watching.answer(answer)
        status = 0
    finally:
        os._exit(status)


def _flush():
    for stream in (procutil.stdout, procutil.stderr, sys.stdout, sys.stderr):
        stream.flush()


class watcher:
    def __init__(self):
        self._reason = None
        self._names = set()
        self.items = set()
        self._paths = set()
        self._active = False
        home = os.path.dirname(pycompat.fsencode(extensions.__file__))
        stdlib = pycompat.fsencode(sysconfig.get_path('stdlib'))
        ours = os.path.dirname(pycompat.fsencode(__file__))
        self._usual = tuple(os.path.join(path, b'') for path in (home, stdlib, ours)) + (b'<',)

    def refuse(self, reason):
        self._reason = self._reason or reason

    def _refuse(self, what):
        if not self._active:
            return
        self._active = False
        culprit = self._culprit()
        self.refuse('%s %s' % (os.fsdecode(culprit) if culprit else 'it', what))

    def _culprit(self):
        """the file of the code that does not belong to Mercurial or Python"""
        frame = sys._getframe()
        while frame:
            name = os.fsencode(frame.f_code.co_filename)
            if not name.startswith(self._usual) and not name.endswith((b'/main.py', b'/hg')):
                return name
            frame = frame.f_back
        return None

    @contextlib.contextmanager
    def configuration(self):
        """while the configuration is read"""
        data = _variables(os.environ._data, self)
        os.environ._data = os.environb._data = data
        for name in OF_PATHS:
            function = getattr(os, name)
            replace(function, self._ofpath(function))
        replace(os.path.expanduser, self._ofuser(os.path.expanduser))
        sys.addaudithook(self._event)
        self._active = True
        yield
        self._active = False

    @contextlib.contextmanager
    def extensions(self):
        """after that, while the extensions are loaded"""
        before = _state()
        self._watchprocess()
        self._watchconfig()
        self._active = True
        yield
        self._active = False
        for what, had, has in zip(STATE, before, _state()):
            if had != has:
                self.refuse('it leaves other %s in the process' % what)

    def answer(self, file):
        if len(self._paths) > MAX_PATHS:
            self.refuse('it looks at %d files' % len(self._paths))
        file.write(marshal.dumps((self._reason, sorted(self._names), list(self.items), sorted(self._paths))))
        file.flush()

    # what is reported

    def _event(self, event, arguments):
        if not self._active or event.startswith(HARMLESS):
            return
        if event == 'open':
            path, mode, flags = arguments
            if not (mode and set(mode) & set('wax+') or flags & WRITES):
                self.path(path)
            elif not isinstance(path, int) and not _isbytecode(path):
                self._refuse('writes to %r' % (path,))
        elif event in ('os.mkdir', 'os.rename') and all(map(_isbytecode, arguments[: 1 + (event == 'os.rename')])):
            pass
        elif event in READING:
            self.path(arguments[0])
        else:
            self._refuse('does what Python calls %s' % event)

    def path(self, path):
        if not self._active or path is None or isinstance(path, int):
            return
        try:
            path = os.fsencode(path)
        except TypeError:
            return  # which the function refuses
        if not path.startswith(b'/'):
            self._refuse('looks at a path without a directory, %r' % path)
        elif path.startswith((b'/proc/', b'/sys/')):
            self._refuse('looks at %r' % path)
        elif not path.startswith(b'/dev/') and not path.startswith(self._usual) and not path.endswith(b'.pyc'):
            self._paths.add(path)

    def name(self, name):
        if not self._active:
            return
        if name in OF_DIRECTORY:
            self._refuse('looks at the variable %s' % os.fsdecode(name))
        if not name or name.startswith(b'!') or name.endswith(b'*') or b'=' in name or b'\0' in name:  # not for a rule
            self._refuse('looks at the variable %s' % os.fsdecode(name))
        self._names.add(name)

    def environment(self, how):
        self._refuse('%s the whole environment' % how)

    def item(self, section, name):
        """an item of the configuration is read; the whole section if the name is None"""
        if self._active:
            self.items.add((section, name))

    def process(self, name):
        self._refuse('calls %s()' % name)

    # how it is reported

    def _ofpath(self, function):
        def watched(path, *args, **kwargs):
            if kwargs.get('dir_fd') is not None:
                self._refuse('looks into a directory by its descriptor')
            self.path(path)
            return function(path, *args, **kwargs)

        return watched

    def _ofuser(self, function):
        def watched(path):
            start = os.fsencode(path)[:2]
            if start.startswith(b'~') and start not in (b'~', b'~/'):
                self._refuse('looks at the home of another user, %r' % path)
            return function(path)

        return watched

    def _watchprocess(self):
        for name in OF_PROCESS:
            function = getattr(os, name, None)
            if function:
                replace(function, self._ofprocess(name, function))
        atexit.register = self._atexit(atexit.register)
        replace(procutil.isatty, self._ofprocess('isatty', procutil.isatty))
        sys.argv = _arguments(sys.argv, self)
        pycompat.sysargv = _arguments(pycompat.sysargv, self)
        for name in ('stdin', 'stdout', 'stderr'):
            setattr(sys, name, _stream(getattr(sys, name), self))

    def _ofprocess(self, name, function):
        def watched(*args, **kwargs):
            self.process(name)
            return function(*args, **kwargs)

        return watched

    def _atexit(self, register):
        def watched(*args, **kwargs):
            # modules of Python's own tidy up what a command has not used
            if not sys._getframe(1).f_code.co_filename.startswith((sysconfig.get_path('stdlib'), '<')):
                self._refuse('has a function called at the end of the process')
            return register(*args, **kwargs)

        return watched

    def _watchconfig(self):
        """report which items are read; an item that is set is not read for that"""
        cls = config.config

        def reading(name, whole):
            original = getattr(cls, name)

            def read(cfg, section, *args, **kwargs):
                self.item(section, None if whole else args[0] if args else kwargs['item'])
                return original(cfg, section, *args, **kwargs)

            setattr(cls, name, read)

        for name in ('get', 'hasitem', 'source'):
            reading(name, False)
        for name in ('items', '__getitem__'):
            reading(name, True)

        def everything(name):
            original = getattr(cls, name)

            def read(cfg, *args, **kwargs):
                self._refuse('reads the whole configuration')
                return original(cfg, *args, **kwargs)

            setattr(cls, name, read)

        for name in ('__iter__', 'sections', 'copy'):
            everything(name)


def _isbytecode(path):
    """whether Python itself writes this when it imports a module"""
    return isinstance(path, (str, bytes)) and b'__pycache__' in os.fsencode(path).split(b'/')[-2:]


def replace(function, other):
    """have os and Mercurial call another function"""
    for name, module in list(sys.modules.items()):
        if name in ('os', 'posixpath', 'genericpath') or name.startswith('mercurial'):
            try:
                names = object.__getattribute__(module, '__dict__')
            except AttributeError:
                continue
            for attribute, value in list(names.items()):
                if value is function:
                    names[attribute] = other


class _variables(dict):
    def __init__(self, data, watcher):
        super().__init__(data)
        self._watcher = watcher

    def __getitem__(self, name):
        self._watcher.name(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self._watcher.name(name)
        return super().__contains__(name)

    def get(self, name, *default):
        self._watcher.name(name)
        return super().get(name, *default)

    def __iter__(self):
        self._watcher.environment('looks at')
        return super().__iter__()

    def keys(self):
        self._watcher.environment('looks at')
        return super().keys()

    def __setitem__(self, name, value):
        self._watcher.environment('changes')
        super().__setitem__(name, value)

    def __delitem__(self, name):
        self._watcher.environment('changes')
        super().__delitem__(name)


class _arguments(list):
    def __init__(self, arguments, watcher):
        super().__init__(arguments)
        self._watcher = watcher

    def __getitem__(self, index):
        self._watcher.process('sys.argv')
        return super().__getitem__(index)

    def __iter__(self):
        self._watcher.process('sys.argv')
        return super().__iter__()

    def __len__(self):
        self._watcher.process('sys.argv')
        return super().__len__()


class _stream:
    def __init__(self, stream, watcher):
        self._stream = stream
        self._watcher = watcher

    def __getattr__(self, name):
        if name in ('isatty', 'fileno', 'buffer'):
            self._watcher.process(name)
        return getattr(self._stream, name)


# What loading must leave as it is.
STATE = ('threads', 'descriptors', 'signal handlers')


def _state():
    descriptors = sorted(os.listdir('/proc/self/fd'))
    handlers = [signal.getsignal(number) for number in range(1, signal.NSIG)]
    return threading.enumerate(), descriptors, handlers
