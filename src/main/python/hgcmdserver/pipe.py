"""A strict server of one connection, in a process of its own."""

import os

from hgcmdserver import compat, isolation, proof


class connection:
    """The client's connection, away from descriptors 0 and 1: what an extension prints while it is
    loaded, or reads, is none of the client's."""

    def __init__(self):
        self._fin, self._fout = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)

    def giveback(self):
        """to be called before another program takes this process's place"""
        os.dup2(self._fin, 0)
        os.dup2(self._fout, 1)
        os.close(self._fin)
        os.close(self._fout)

    def detach(self):
        """the descriptor to write to"""
        return self._fout

    def streams(self):
        return os.fdopen(self._fin, 'rb'), os.fdopen(self._fout, 'wb')


class pipeservice:
    """commandserver.pipeservice with a strict server, or else with Mercurial's own"""

    def __init__(self, ui, repo, connection, strict, check, complain):
        """strict: () -> a function that makes strict servers; check: see main.py; complain(exception,
        channel): called if the strict server does not fit"""
        self._ui = ui
        self._repo = repo
        self._connection = connection
        self._strict = strict
        self._check = check
        self._complain = complain

    def init(self):
        pass

    def run(self):
        makeserver = self._maker()
        fin, fout = self._connection.streams()
        sv = makeserver(self._ui, self._repo, fin, fout)
        try:
            sv.serve()  # 1 for a client that leaves within a request: no failure of ours
        finally:
            sv.cleanup()
            try:
                fout.close()
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client has left

    def _maker(self):
        if self._check == 'own':
            return compat.ownserver
        try:
            makeserver = self._strict()
            if self._check != 'no':
                self._try(makeserver)
            return makeserver
        except Exception as inst:
            self._complain(inst, b'e')
            return compat.ownserver

    def _try(self, makeserver):
        apart = isolation.isolation(self._ui)
        with apart:
            proof.checkserver(lambda fin, fout: makeserver(apart.ui, None, fin, fout))
