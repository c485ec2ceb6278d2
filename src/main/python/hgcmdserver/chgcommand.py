"""Runs one command of chg in this process, which has chg's streams, directory, umask and environment."""

import atexit
import functools
import gc
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

from mercurial import dispatch, error, pycompat, ui as uimod
from mercurial.i18n import _

from hgcmdserver import chg, compat

# The status of a program that SIGINT has ended (runshellcmd in procutil.c); chg ignores that signal meanwhile, so
# this process has not received it.
INTERRUPTED = -2


class clientprograms:
    """Runs programs in chg, whose children can use the terminal: chgserver.channeledsystem, called as that one
    is"""

    def __init__(self, fd):
        self._connection = socket.socket(fileno=fd)
        self._connection.set_inheritable(False)
        self._pid = os.getpid()

    def isforked(self):
        """whether this process is a child of the command's, whose results are not chg's"""
        return os.getpid() != self._pid

    def end(self, status):
        """send the command's status, after which chg ends"""
        if not self.isforked():
            chg.sendstatus(self._connection.fileno(), status)

    def __call__(self, cmd, environ, cwd=None, type=b'system', cmdtable=None):
        if self.isforked():
            return subprocess.call(cmd, shell=True, env=environ, cwd=cwd)
        words = [type, cmd, os.path.abspath(cwd or b'.')]
        words.extend(b'%s=%s' % item for item in environ.items())
        data = b'\0'.join(words)
        self._connection.sendall(chg.HEADER.pack(b'S', len(data)) + data)
        return self._pager() if type == b'pager' else self._status()

    def _status(self):
        size = struct.unpack('>I', self._exactly(4))[0]
        if size != chg.NUMBER.size:
            raise error.Abort(_(b'invalid response'))
        status = chg.NUMBER.unpack(self._exactly(size))[0]
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        return status

    def _pager(self):
        """chg attaches streams that lead to the pager, and then sends an empty line"""
        while True:
            line = self._line()
            if line == b'attachio':
                self._attachio()
            elif line:
                raise error.Abort(_(b'unexpected command: %s') % line)
            else:
                return

    def _attachio(self):
        for number, fd in enumerate(chg.receivestreams(self._connection)):
            os.dup2(fd, number)
            os.close(fd)

    def _line(self):
        line = b''
        while not line.endswith(b'\n'):
            line += self._exactly(1)
        return line[:-1]

    def _exactly(self, size):
        data = self._connection.recv(size, socket.MSG_WAITALL)
        if len(data) != size:
            raise error.Abort(_(b'the connection ended before the input was complete'))
        return data


class requests:
    """The input of `hg serve --cmdserver pipe`, which also ends between two requests: when chg has been killed, and
    after SIGURG, which the daemon sends when connections are to finish. Commands ignore that signal."""

    def __init__(self, fin, connection):
        self._fin = fin
        self._data = b''
        wake, self._finish = os.pipe()
        os.set_blocking(self._finish, False)
        self._ends = [connection, wake]
        signal.signal(signal.SIGURG, self._finishes)

    def _finishes(self, _number, _frame):
        try:
            os.write(self._finish, b'\n')
        except BlockingIOError:
            pass  # it has come often

    def readline(self):
        """the name of a request, or nothing at the end"""
        while b'\n' not in self._data:
            if not self._data and self._isover() or not self._receive():
                break
        line, newline, self._data = self._data.partition(b'\n')
        return line + newline

    def read(self, size=-1):
        while size < 0 or len(self._data) < size:
            if not self._receive():
                break
        size = len(self._data) if size < 0 else size
        data, self._data = self._data[:size], self._data[size:]
        return data

    def _receive(self):
        data = os.read(self._fin.fileno(), 1 << 16)
        self._data += data
        return data

    def _isover(self):
        """wait for a request or the end"""
        poll = select.poll()
        for fd in [self._fin.fileno()] + self._ends:
            poll.register(fd, select.POLLIN)
        return self._fin.fileno() not in [fd for fd, _event in poll.poll()]

    def __getattr__(self, name):
        return getattr(self._fin, name)


class programsui:
    """the class of a command's ui, which runs programs in chg; made before there is a command, since that takes a
    while"""

    def __init__(self):
        self._programs = None
        self.cls = compat.programsui(uimod.ui(), lambda *args, **kwargs: self._programs(*args, **kwargs))

    def connect(self, programs):
        self._programs = programs
        return self.cls


_made = []


def prepare(fd, take=None):
    """have the command's ui run programs in chg, which awaits the command's status on the descriptor; take(cls): has
    the command take a configuration that has been loaded, with uis of this class"""
    programs = clientprograms(fd)
    if b'serve' in pycompat.sysargv:  # else the command server's module need not be loaded
        compat.wrapserverinput(lambda fin: requests(fin, fd))
    ui = (_made.pop() if _made else programsui()).connect(programs)
    if take:
        take(ui)
        return programs
    original = uimod.ui.__dict__['load']

    def load(cls):
        uimod.ui.load = original
        return ui.load()

    uimod.ui.load = classmethod(load)
    return programs


def rehearse(preloaded):
    """what happens before a command, without effect; preloaded: the configuration, if it has been loaded"""
    compat.rehearseadoption()
    if not _made:
        _made.append(programsui())
    if preloaded:
        preloaded.rehearse(_made[-1].cls)


def rehearsecommand(arguments, fout):
    """run a command as such commands run, but with only the configuration that Mercurial brings"""
    with compat.owndefaults(), open(os.devnull, 'rb') as null:
        ui = compat.programsui(uimod.ui(), None).load()
        ui.setconfig(b'worker', b'enabled', False, b'rehearsal')  # it would fork
        ui.disablepager()
        ui.callhooks = False
        dispatch.dispatch(dispatch.request(arguments, ui=ui, fin=null, fout=fout, ferr=fout))


def runhere(connection, arguments, preloaded, otherwise):
    """run a command of chg in this process, which has loaded Mercurial for such commands; does not return

    preloaded: the configuration, if it has been loaded; otherwise(directory): see preloaded.take
    """
    if preloaded and not preloaded.serves(arguments):
        otherwise(False)
    compat.adopt(arguments)
    take = preloaded and functools.partial(preloaded.take, otherwise=otherwise)
    runtoend(prepare(connection, take))


def runtoend(programs):
    """run the command in sys.argv as the hg script does, and send its status; does not return"""
    status = 0
    try:
        _run(programs)
    except SystemExit as inst:
        status = _status(inst)
        if inst.code is not None and not isinstance(inst.code, int):
            sys.stderr.write('%s\n' % inst.code)
    except BaseException:
        status = 1
        sys.excepthook(*sys.exc_info())
    # as at the end of the interpreter (Py_FinalizeEx)
    for last in (threading._shutdown, atexit._run_exitfuncs, gc.collect):
        try:
            last()
        except BaseException:
            sys.excepthook(*sys.exc_info())
    # a program that reads the output to its end need not wait until Python has freed its modules, and the kernel has
    # taken down this process's memory
    os.closerange(0, chg.STREAMS)
    os._exit(status & 0xFF if programs.isforked() else 0)


def _status(exit):
    return exit.code if isinstance(exit.code, int) else int(exit.code is not None)


def _run(programs):
    """run the command, and have its status sent at the end of this process"""
    status = 255

    def last():
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass  # closed, or the reader has left
        programs.end(status)

    atexit.register(last)  # first, so that it runs last
    try:
        dispatch.run()
    except SystemExit as inst:
        status = _status(inst)
        raise
    except BaseException:
        status = 1  # as the interpreter's
        raise
