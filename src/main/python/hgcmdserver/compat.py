"""Mercurial internals that were renamed or changed, and the releases that have each form.

No other module of this package imports a private name of Mercurial's, or one that has moved. Tested with
Mercurial 5.6, 6.3, 7.0 and 7.2. Calls pass arguments by keyword, and only those that the signature has.
"""

import contextlib
import inspect
import io
import os
import sys
import tempfile

from mercurial import (
    chgserver,
    commandserver,
    dispatch,
    encoding,
    extensions,
    lock,
    obsolete,
    profiling,
    pycompat,
    revlog,
    server,
    ui as uimod,
    util,
)
from mercurial.i18n import _
from mercurial.utils import procutil

try:
    from mercurial.configuration import rcutil  # 7.0 and later
except ImportError:
    from mercurial import rcutil  # until 6.9


def configcomponents():
    """(kind, value) of each source of configuration (rcutil.rccomponents)"""
    for component in rcutil.rccomponents():
        # (kind, value) until 6.9, (level, kind, value) since 7.0
        yield component[-2], component[-1]


@contextlib.contextmanager
def owndefaults():
    """have ui.load read Mercurial's own files, and neither the system's nor the user's"""
    functions = [(name, getattr(rcutil, name)) for name in ('systemrcpath', 'userrcpath')]
    path = encoding.environ.pop(b'HGRCPATH', None)
    try:
        for name, _original in functions:
            setattr(rcutil, name, lambda: [])
        yield
    finally:
        for name, original in functions:
            setattr(rcutil, name, original)
        if path is not None:
            encoding.environ[b'HGRCPATH'] = path


def registerservice(mode, service):
    """have `hg serve --cmdserver MODE` run service(ui, repo)"""

    def start(ui, repo, *others):  # opts; since 7.2 dispatch too
        _serving.append(mode)
        return service(ui, repo)

    server._cmdservicemap[mode] = start


def serverarguments(ui, repo, fin, fout, prereposetups=None):
    """the arguments of commandserver.server.__init__, by keyword"""
    arguments = {'ui': ui, 'repo': repo, 'fin': fin, 'fout': fout, 'prereposetups': prereposetups}
    if 'dispatch' in inspect.signature(commandserver.server.__init__).parameters:  # 7.2 and later
        arguments['dispatch'] = dispatch.dispatch
    return arguments


def ownserver(ui, repo, fin, fout, prereposetups=None):
    """Mercurial's own command server"""
    return commandserver.server(**serverarguments(ui, repo, fin, fout, prereposetups))


def wrapserverinput(wrapper):
    """have Mercurial's own command servers read from wrapper(fin)"""
    original = commandserver.server.__init__
    signature = inspect.signature(original)

    def init(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.arguments['fin'] = wrapper(bound.arguments['fin'])
        original(*bound.args, **bound.kwargs)

    commandserver.server.__init__ = init


def programsui(ui, programs):
    """the class of ui, but one that lets programs(cmd, environ, cwd, type, cmdtable) run the programs for which
    the user's terminal matters"""

    class programsui(type(chgserver._newchgui(ui, programs, None))):
        def _runpager(self, command, env=None):
            # as ui.ui._runpager does; chg would lose the output
            if command == b'cat':
                return False
            if not any(c in command for c in b'|&;<>()$`\\"\' \t\n*?[#~=%') and not procutil.findexe(command):
                self.warn(_(b"missing pager command '%s', skipping pager\n") % command)
                return False
            return super()._runpager(command, env)

    return programsui


NOEXTENSIONS = extensions._builtin  # names of extensions that Mercurial ignores, since it has them itself

TABLES = ('_extensions', '_disabledextensions', '_order')  # of the module extensions, which loading fills


def extensiontables():
    """which extensions are loaded, for showextensions"""
    return [getattr(extensions, name) for name in TABLES]


def hideextensions():
    """have this process look as before extensions were loaded; returns what showextensions takes"""
    hidden = extensiontables()
    for name, table in zip(TABLES, hidden):
        setattr(extensions, name, type(table)())
    return hidden


def showextensions(hidden):
    for name, table in zip(TABLES, hidden):
        setattr(extensions, name, table)


def exithandlers():
    """what is to be called at the end of a command (ui.atexit)"""
    return uimod._reqexithandlers


CONFIGS = ('_ocfg', '_tcfg', '_ucfg')  # of a ui: what setconfig sets, what is trusted, and all


def configs(ui):
    return [getattr(ui, name) for name in CONFIGS]


def configuration(ui):
    """what can be compared with another ui's"""
    contents = [
        [(section, config.items(section), [config.source(section, name) for name, _value in config.items(section)])
         for section in config.sections()]
        for config in configs(ui)
    ]
    return contents, getattr(ui, '_path_to_root', None)  # until 5.8 fixconfig puts the directory into the paths


def haslogger(ui):
    """whether ui.log() writes something"""
    return bool(ui._loggers)


def readsconfig():
    """whether the caller's caller is the implementation of ui.config()"""
    code = sys._getframe(2).f_code
    return code.co_filename == uimod.ui.config.__code__.co_filename and 'config' in code.co_name


def settle():
    """take back what was for `hg serve`, in a worker that will run a command of chg"""
    while _gates:
        owner, name, original = _gates.pop()
        setattr(owner, name, original)  # no extension has been loaded
    while _serving:
        del server._cmdservicemap[_serving.pop()]


def adopt(arguments):
    """have Python and Mercurial notice what they look at once, when they start: the command line, the standard
    streams, the umask, and the directory for temporary files"""
    settle()
    if lock.lock._host:  # an assignment to a class makes Python drop what it has cached about it
        lock.lock._host = None  # the host's name may have changed since
    sys.setrecursionlimit(sys.getrecursionlimit() + _depth())
    pycompat.sysargv[1:] = arguments
    sys.argv[1:] = [os.fsdecode(argument) for argument in arguments]
    mask = os.umask(0)
    os.umask(mask)
    util.setumask(mask)
    tempfile.tempdir = None
    # the end of the old ones would close the descriptors, whose buffers they share with wrappers of Mercurial's
    _oldstreams.extend((sys.stdin, sys.stdout, sys.stderr))
    sys.stdin = sys.__stdin__ = _stream(0, sys.__stdin__)
    sys.stdout = sys.__stdout__ = _stream(1, sys.__stdout__)
    sys.stderr = sys.__stderr__ = _stream(2, sys.__stderr__)
    procutil.stdin = sys.stdin.buffer
    procutil.stdout = procutil._make_write_all(sys.stdout.buffer)
    procutil.stderr = procutil._make_write_all(sys.stderr.buffer)
    if sys.stdout.isatty():
        procutil.stdout = procutil.make_line_buffered(procutil.stdout)


# What adopt replaces, by module.
ADOPTED = (
    (sys, ('stdin', 'stdout', 'stderr', '__stdin__', '__stdout__', '__stderr__')),
    (procutil, ('stdin', 'stdout', 'stderr')),
    (tempfile, ('tempdir',)),
)


def rehearseadoption():
    """adopt what this process has, and take that back"""
    kept = [(module, name, getattr(module, name)) for module, names in ADOPTED for name in names]
    depth = sys.getrecursionlimit()
    try:
        adopt(pycompat.sysargv[1:])
    finally:
        sys.setrecursionlimit(depth)
        for module, name, value in kept:
            setattr(module, name, value)
        del _oldstreams[:]


_oldstreams = []


def _depth():
    """the number of frames that a new process would not have here"""
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    return depth


def _stream(fd, old):
    """a standard stream as Python makes it when it starts (create_stdio in pylifecycle.c)"""
    mode = 'w' if fd else 'r'
    unbuffered = bool(fd) and old.write_through  # python -u
    buffer = open(fd, mode + 'b', buffering=0 if unbuffered else -1, closefd=False)
    raw = buffer if unbuffered else buffer.raw
    raw.name = old.buffer.name
    lines = not unbuffered and (fd == 2 or raw.isatty())
    stream = io.TextIOWrapper(buffer, old.encoding, old.errors, '\n', lines, unbuffered)
    stream.mode = mode
    return stream


def unwrapped(function, isharmless):
    """the command inside its wrappers (extensions.wrapcommand), or function itself if isharmless(name)
    accepts the module of every wrapper"""
    own, harmless = function, True
    while getattr(own, '_origfunc', None):
        harmless = harmless and isharmless(getattr(own._unboundwrapper, '__module__', ''))
        own = own._origfunc
    return function if harmless else own


# Empty until `hg serve` starts the service.
_serving = []

_gates = []


def _gate(owner, name, meanwhile):
    """replace a function by meanwhile(*args) until the service starts. The gate is installed before extensions
    are loaded, and stays, so that their wrappers around the function are not lost."""
    original = getattr(owner, name)

    def gate(*args, **kwargs):
        return original(*args, **kwargs) if _serving else meanwhile(*args, **kwargs)

    setattr(owner, name, gate)
    _gates.append((owner, name, original))


def runhg():
    """run hg as the last line of the hg script does; does not return

    `[profiling] enabled` applies to each command of a client, not to `hg serve`, whose profiler would run
    a second thread at every fork. chg passes --no-profile for this, but Mercurial 5.6 ignores that option,
    and without a repository it would later apply to clients too.
    """
    _gate(profiling.profile, 'start', lambda self: None)
    dispatch.run()


def runhgunseen():
    """like runhg, for an `hg serve` that no user has requested: Mercurial does not log it (extensions set up
    loggers in uipopulate, again for each command) and runs no hooks"""

    def runcommand(lui, repo, cmd, fullargs, ui, options, d, *others):
        return d()

    _gate(extensions, 'populateui', lambda ui: None)
    _gate(dispatch, 'runcommand', runcommand)
    runhg()


def readindex():
    """the name of the revlog.revlog method that maps (path, mmap threshold) to content; None before 6.0"""
    return '_get_data' if hasattr(revlog.revlog, '_get_data') else None


READMARKERS = '_readmarkers'  # in the module obsolete; returns (version, markers) of an obsstore's content


def wrapallmarkers(wrapper):
    """make obsolete.obsstore._all return wrapper(original, obsstore)"""
    allmarkers = obsolete.obsstore.__dict__['_all']  # a propertycache
    original = allmarkers.func
    allmarkers.func = lambda obsstore: wrapper(original, obsstore)


def areroots(index, roots):
    """whether the index has all roots of phases, in the form that revlog.computephases takes"""
    for root in set().union(*roots.values()):
        if isinstance(root, int):  # revisions since 6.6
            if not 0 <= root < len(index):
                return False
        elif not index.has_node(root):  # nodes until 6.5
            return False
    return True
