"""Runs many commands, each in a child of this one process, which has loaded Mercurial."""

import importlib
import os

from mercurial import dispatch, pycompat, registrar

# The commands of the list import these modules; each would spend half of its time on that.
MODULES = (
    'bookmarks branchmap bundlerepo changelog cmdutil context debugcommands dirstate dirstatemap filelog formatter'
    ' localrepo logcmdutil manifest match mdiff metadata namespaces obsolete obsutil patch phases repoview revlog'
    ' revset revsetlang smartset sparse statichttprepo store subrepoutil tags templatefilters templatefuncs'
    ' templatekw templater templateutil txnutil upgrade vfs'
).split()

FAILED = 254  # not hg, but what stands here

cmdtable = {}
command = registrar.command(cmdtable)


@command(b'forks', [], b'LIST', norepo=True)
def forks(ui, path):
    """each line of LIST: a name for the answer, and arguments, with NULs between"""
    with open(path, 'rb') as f:
        lines = f.read().splitlines()
    for name in MODULES:
        try:
            vars(importlib.import_module('mercurial.' + name))  # which ends demandimport's delay
        except ImportError:
            pass  # another release has other modules
    for line in lines:
        name, *arguments = line.split(b'\0')
        pid = os.fork()
        if pid == 0:
            for fd, kind in ((1, b'.out'), (2, b'.err')):
                os.dup2(os.open(name + kind, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), fd)
            status = FAILED
            try:
                pycompat.sysargv[1:] = arguments
                dispatch.initstdio = lambda: None  # has been done
                dispatch.run()
            except SystemExit as end:
                status = end.code or 0
            finally:
                os._exit(status)
        status = os.waitpid(pid, 0)[1]
        with open(name + b'.status', 'wb') as f:
            f.write(b'%d' % os.WEXITSTATUS(status))
