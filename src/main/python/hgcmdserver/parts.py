"""Stand-ins for the parts of a template that do not fit this Mercurial, or that fail.

Without a part the template still forks workers, no worse than those of Mercurial's own server.
"""

import importlib

# What the first command of a worker imports otherwise, as seen with log, status and diff: half of its time.
MODULES = (
    'bookmarks branchmap changelog context dirstate dirstatemap filelog localrepo logcmdutil manifest match mdiff'
    ' metadata namespaces obsolete obsutil patch phases repoview revlog revset revsetlang smartset sparse'
    ' statichttprepo store subrepoutil tags templatekw templateutil txnutil upgrade vfs'
).split()


class noisolation:
    """only the proof uses this one"""

    def __init__(self):
        from mercurial import ui

        self.ui = self.bareui = ui.ui()

    def __enter__(self):
        pass

    def __exit__(self, *exception):
        pass


class norehearsal:
    """workers start without a rehearsal, with Mercurial's modules at least"""

    path = None

    def __init__(self, ui):
        self.ui = ui

    def warmup(self):
        """load modules of Mercurial: no command, so nothing of the user's runs"""
        for name in MODULES:
            try:
                vars(importlib.import_module('mercurial.' + name))  # which ends demandimport's delay
            except Exception:
                pass  # another release has other modules, and a worker imports what it needs

    def run(self, commands, request=None):
        pass

    def isolate(self, isolation):
        pass

    def close(self):
        pass

    def delete(self):
        pass

    def tidyup(self):
        pass


class nostaleness:
    """changes of configuration, Mercurial and extensions take effect at the daemon's next reload, as with
    Mercurial's own server"""

    def record(self):
        pass

    def settle(self, ui, repo, others=()):
        pass

    def stale(self):
        return False


class norepositories:
    """each command loads its repository"""

    def fileno(self):
        """nobody suggests anything"""
        return None

    def close(self):
        pass
