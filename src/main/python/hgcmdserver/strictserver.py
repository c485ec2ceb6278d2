"""A command server that never runs an incomplete request.

When a connection ends, Mercurial's own server treats the data that it has read so far as complete: the name
of a request, its arguments, or the input of a command.
"""

import collections
import io
import socket
import struct

from mercurial import commandserver, error
from mercurial.i18n import _

from hgcmdserver import compat

# maxrequest: bytes; idletimeout: seconds that a client may send no request, 0 for no limit
limits = collections.namedtuple('limits', 'maxrequest idletimeout')

MAX_NAME = 256  # bytes; Mercurial's longest is "setprocname"


def readall(stream, size):
    data = stream.read(size)
    if data is None or len(data) != size:  # None: a timeout
        raise EOFError
    return data


class strictinput(commandserver.channeledinput):
    """input that a client which disconnects early cannot make look complete"""

    # whether the stream continues with something else than the start of a request
    desynchronized = False

    def __init__(self, in_, out, channel, maxrequest):
        super().__init__(in_, out, channel)
        self._maxrequest = maxrequest

    def _read(self, size, channel):
        if not size:
            return b''
        self.out.write(struct.pack(b'>cI', channel, size))
        self.out.flush()
        try:
            length = struct.unpack(b'>I', readall(self.in_, 4))[0]
            if length > self._maxrequest:
                self.desynchronized = True
                raise error.Abort(_(b'input of %d bytes is over the limit') % length)
            return readall(self.in_, length)
        except EOFError:
            raise error.Abort(_(b'the connection ended before the input was complete'))


class server(commandserver.server):
    def __init__(self, ui, repo, fin, fout, limits, prereposetups=None):
        super().__init__(**compat.serverarguments(ui, repo, fin, fout, prereposetups))
        maxrequest = limits.maxrequest
        self._maxrequest = maxrequest
        self._idletimeout = limits.idletimeout
        self.cin = strictinput(fin, fout, b'I', maxrequest)

    def _read(self, size):
        if size > self._maxrequest:
            message = _(b'abort: a request of %d bytes is over the limit of %d (--max-request)\n')
            self.cerr.write(message % (size, self._maxrequest))
            raise EOFError
        return readall(self.client, size) if size else b''

    def _settimeout(self, seconds):
        """limit how long a read of the client's socket waits; 0: no limit (SO_RCVTIMEO in socket(7))"""
        if self._idletimeout:
            try:
                fd = self.client.fileno()
            except io.UnsupportedOperation:
                return  # a rehearsal's stream is not a socket
            client = socket.socket(fileno=fd)
            try:
                timeval = struct.pack('ll', int(seconds), int(seconds % 1 * 1000000))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
            finally:
                client.detach()

    def _readlist(self):
        arguments = super()._readlist()
        self._settimeout(0)  # the command may wait for input as long as it likes
        return arguments

    def serveone(self):
        if self.cin.desynchronized:
            raise EOFError
        self._settimeout(self._idletimeout)
        line = self.client.readline(MAX_NAME)
        if not line:
            return False
        if not line.endswith(b'\n'):
            raise EOFError
        handler = self.capabilities.get(line[:-1])
        if handler is None:
            raise error.Abort(_(b'unknown command %s') % line[:-1])
        handler(self)
        return True


def maker(limits):
    """a function that makes strict servers"""

    def makeserver(ui, repo, fin, fout, prereposetups=None):
        return server(ui, repo, fin, fout, limits, prereposetups)

    return makeserver
