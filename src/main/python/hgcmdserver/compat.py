"""The internals of Mercurial that were renamed or changed, and the releases for which each form holds.

Nothing else here imports a private name of Mercurial's, nor one that has moved. Tried with Mercurial
5.6, 6.3, 7.0 and 7.2. A call passes arguments by keyword, and only those that the signature has.
"""

import inspect

from mercurial import commandserver, dispatch, extensions, obsolete, profiling, revlog, server

try:
    from mercurial.configuration import rcutil  # 7.0 and later
except ImportError:
    from mercurial import rcutil  # until 6.9


def configcomponents():
    """(kind, value) of each place that configuration comes from (rcutil.rccomponents)"""
    for component in rcutil.rccomponents():
        # (kind, value) until 6.9, (level, kind, value) since 7.0
        yield component[-2], component[-1]


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


def unwrapped(function, isharmless):
    """what wrappers of a command were put around (extensions.wrapcommand), or function itself if all are
    of modules that isharmless(name)"""
    own, harmless = function, True
    while getattr(own, '_origfunc', None):
        harmless = harmless and isharmless(getattr(own._unboundwrapper, '__module__', ''))
        own = own._origfunc
    return function if harmless else own


# Empty while `hg serve` itself is on its way to the service.
_serving = []


def _gate(owner, name, meanwhile):
    """have a function be meanwhile(*args) until the service starts. The gate stays, and is there before
    extensions are loaded: what they put around the function is not lost."""
    original = getattr(owner, name)

    def gate(*args, **kwargs):
        return original(*args, **kwargs) if _serving else meanwhile(*args, **kwargs)

    setattr(owner, name, gate)


def runhg():
    """what the hg script does at last; does not return

    `[profiling] enabled` is for the commands of clients, each by itself, not for `hg serve`, whose
    profiler would be a thread beside all forks. chg passes --no-profile, which 5.6 passes over, and
    which from then on holds for clients too if there is no repository.
    """
    _gate(profiling.profile, 'start', lambda self: None)
    dispatch.run()


def runhgunseen():
    """as runhg, for an `hg serve` that no user has asked for: it is not logged (extensions set loggers
    up in uipopulate, anew for each command), and runs no hooks"""

    def runcommand(lui, repo, cmd, fullargs, ui, options, d, *others):
        return d()

    _gate(extensions, 'populateui', lambda ui: None)
    _gate(dispatch, 'runcommand', runcommand)
    runhg()


def readindex():
    """the name of a method of revlog.revlog: (path, mmap threshold) to content; None before 6.0"""
    return '_get_data' if hasattr(revlog.revlog, '_get_data') else None


READMARKERS = '_readmarkers'  # of the module obsolete: (version, markers) of an obsstore's content


def wrapallmarkers(wrapper):
    """have obsolete.obsstore._all be what wrapper(original, obsstore) returns"""
    allmarkers = obsolete.obsstore.__dict__['_all']  # a propertycache
    original = allmarkers.func
    allmarkers.func = lambda obsstore: wrapper(original, obsstore)


def areroots(index, roots):
    """whether all roots of phases, as revlog.computephases takes them, are in the index"""
    for root in set().union(*roots.values()):
        if isinstance(root, int):  # revisions since 6.6
            if not 0 <= root < len(index):
                return False
        elif not index.has_node(root):  # nodes until 6.5
            return False
    return True
