"""A command server that never runs an incomplete request.

When a connection ends, Mercurial's own server treats the data that it has read so far as complete: the name
of a request, its arguments, or the input of a command.
"""

import collections
import io
import os
import socket
import struct

from mercurial import commandserver, encoding, error, ui as uimod
from mercurial.i18n import _

from hgcmdserver import cancel, compat, peer, title
from hgcmdserver.hidden import hint  # so written, the module is loaded here, not in each worker

# maxrequest: bytes; idletimeout: seconds that a client may send no request, 0 for no limit; emaildomain: of the
# addresses with which other users' commits are signed, '' for the host's name
settings = collections.namedtuple('settings', 'maxrequest idletimeout emaildomain', defaults=('',))

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


def _signed(name, address):
    """an author in the local encoding; without the name if that encoding does not have its letters"""
    whole = '%s <%s>' % (name, address)
    try:
        local = encoding.unitolocal(whole)
        if name and encoding.fromlocal(local) == whole.encode('utf-8'):
            return local
    except (UnicodeError, error.Abort):
        pass
    return os.fsencode(address)


class server(commandserver.server):
    def __init__(self, ui, repo, fin, fout, settings, prereposetups=None):
        super().__init__(**compat.serverarguments(ui, repo, fin, fout, prereposetups))
        maxrequest = settings.maxrequest
        self._maxrequest = maxrequest
        self._idletimeout = settings.idletimeout
        self._emaildomain = settings.emaildomain
        self._uid = -1  # the client's, once there is one
        self.cin = strictinput(fin, fout, b'I', maxrequest)

    def serve(self):
        try:
            self._uid = peer.credentials(self.client.fileno())[1]
        except io.UnsupportedOperation:
            pass  # a rehearsal's stream
        if self._uid != -1 and not peer.isown(self._uid):
            self._serveanother()
        return super().serve()

    def _serveanother(self):
        """prepare for a client of another user than this process's: it cannot signal this process, and commits in
        its own name"""
        key = cancel.key(os.getpid(), self._uid)
        if key:
            write = self.cout.write

            def hello(data):
                self.cout.write = write
                write(data + b'\ncancel: ' + key)

            self.cout.write = hello
        original = uimod.ui.username

        def username(ui, *args, **kwargs):
            named = b'HGUSER' in encoding.environ or ui.config(b'ui', b'username') is not None
            author = None if named else peer.author(self._uid, self._emaildomain)
            return _signed(*author) if author else original(ui, *args, **kwargs)

        uimod.ui.username = username

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
        self._show(arguments)
        return arguments

    def _show(self, arguments):
        if self._uid != -1:  # not a rehearsal
            title.command(arguments)

    def serveone(self):
        if self.cin.desynchronized:
            raise EOFError
        if self._uid != -1:
            title.hasgreeted()
        self._settimeout(self._idletimeout)
        line = self.client.readline(MAX_NAME)
        if not line:
            return False
        if not line.endswith(b'\n'):
            raise EOFError
        if line == b'cancel\n':  # not a capability: a client sees by the hello whether it needs this
            self._cancel()
            return True
        handler = self.capabilities.get(line[:-1])
        if handler is None:
            raise error.Abort(_(b'unknown command %s') % line[:-1])
        handler(self)
        self._show(None)
        return True

    def _dispatchcommand(self, req):
        status = super()._dispatchcommand(req)
        aborted = status is not None and status & 255 == 255
        said = hint(req.args, self._uid) if aborted and self._uid != -1 else None
        if said:
            self.cerr.write(said)
        return status

    def _cancel(self):
        reason = cancel.handle(super()._readlist(), self._uid)
        if reason:
            self.cerr.write(b'%s\n' % reason.encode('ascii', 'replace'))
        self.cresult.write(struct.pack(b'>i', int(reason is not None)))


def maker(settings):
    """a function that makes strict servers"""

    def makeserver(ui, repo, fin, fout, prereposetups=None):
        return server(ui, repo, fin, fout, settings, prereposetups)

    return makeserver
