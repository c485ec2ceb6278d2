"""Stand-ins for the parts of a template that do not fit this Mercurial, or that fail.

Without a part the template still forks workers, no worse than those of Mercurial's own server.
"""


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
    """workers start cold"""

    path = None

    def __init__(self, ui):
        self.ui = ui

    def run(self, commands):
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

    def settle(self, ui, repo):
        pass

    def stale(self):
        return False


class norepositories:
    """each command loads its repository"""

    def close(self):
        pass
