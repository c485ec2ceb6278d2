"""The internals of Mercurial that were renamed or changed, and the releases for which each form holds.

Nothing else here imports a private name of Mercurial's, nor one that has moved. Tried with Mercurial
5.6, 6.3, 7.0 and 7.2. A call passes arguments by keyword, and only those that the signature has.
"""

import inspect

from mercurial import commandserver, dispatch, server

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
    # called with (ui, repo, opts) until 7.1, with dispatch behind them since 7.2
    server._cmdservicemap[mode] = lambda ui, repo, *others: service(ui, repo)


def serverarguments(ui, repo, fin, fout, prereposetups=None):
    """the arguments of commandserver.server.__init__, by keyword"""
    arguments = {'ui': ui, 'repo': repo, 'fin': fin, 'fout': fout, 'prereposetups': prereposetups}
    if 'dispatch' in inspect.signature(commandserver.server.__init__).parameters:  # 7.2 and later
        arguments['dispatch'] = dispatch.dispatch
    return arguments


def ownserver(ui, repo, fin, fout, prereposetups=None):
    """Mercurial's own command server"""
    return commandserver.server(**serverarguments(ui, repo, fin, fout, prereposetups))


def runhg():
    """what the hg script does at last; does not return"""
    dispatch.run()
