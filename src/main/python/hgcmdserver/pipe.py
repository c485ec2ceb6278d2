"""A strict server of one connection, in its own process."""

import os
import struct

from mercurial.utils import procutil

from hgcmdserver import compat, isolation, proof


MAX_TOLD = 2000  # bytes of Mercurial's messages for a client


class connection:
    """The client's connection, moved away from descriptors 0 and 1, so that an extension that prints or
    reads while Mercurial loads it does not touch the client's data."""

    def __init__(self):
        self._fin, self._fout = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)

    def giveback(self):
        """call this before execve(2) of another program"""
        os.dup2(self._fin, 0)
        os.dup2(self._fout, 1)
        os.close(self._fin)
        os.close(self._fout)

    def detach(self):
        """the descriptor to write to"""
        return self._fout

    def streams(self):
        return os.fdopen(self._fin, 'rb'), os.fdopen(self._fout, 'wb')


class messages:
    """Mercurial's standard error, and what it has written there, for the client, until hg has started the service"""

    def __init__(self):
        self._stream = procutil.stderr
        self.kept = b''
        procutil.stderr = self

    def write(self, data):
        if self.kept is not None:
            self.kept = (self.kept + data)[-MAX_TOLD:]
        return self._stream.write(data)

    def __getattr__(self, name):
        return getattr(self._stream, name)


def tellwhy(fd, status, said):
    """send the client the end of the messages with which hg has ended instead of serving"""
    printable = ''.join(c if c.isprintable() or c == '\n' else '?' for c in said.decode('utf-8', 'replace'))
    message = 'hg-cmdserver: hg does not start, and ends with status %s:\n%s\n' % (status, printable.strip())
    data = message.encode()
    try:
        os.write(fd, struct.pack('>cI', b'e', len(data)) + data)
    except OSError:
        pass  # the client has left


class pipeservice:
    """commandserver.pipeservice with a strict server, or with Mercurial's own if that does not fit"""

    def __init__(self, ui, repo, connection, strict, check, complain):
        """strict: () -> a function that makes strict servers; check: see main.py; complain(exception,
        channel): reports that the strict server does not fit"""
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
            sv.serve()  # returns 1 if a client leaves within a request: not a failure of ours
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
