"""A worker: waits for one connection, serves it, and ends."""

import gc
import os
import random
import select
import signal
import socket
import traceback

from mercurial import encoding, error
from mercurial.i18n import _

from hgcmdserver import daemonline, peer, rehearsal, title

# A worker that may rehearse does so when it has had no connection for this time.
PAUSE = 0.004  # seconds


def defaultsignals():
    """reset the handlers that dispatch._runcatch leaves behind; SIGTERM and SIGHUP end an idle worker"""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class worker:
    def __init__(self, template, line):
        """line: the descriptor of the worker's end of its line to the daemon"""
        # like commandserver._initworkerprocess
        os.setpgid(0, 0)
        title.set(title.IDLE)
        random.seed()
        # Most commands end before they have created this many objects; with Python's default of 700 the
        # collector would run a dozen times.
        gc.set_threshold(50000, 20, 20)
        defaultsignals()
        # the daemon may have been started with SIGINT ignored, and the server keeps the handler that it finds
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._template = template
        self._line = socket.socket(fileno=line)
        self._say(daemonline.PID, b'%d' % os.getpid())
        # The server is created before the connection arrives, which then takes this descriptor's place.
        self._fd = os.open(os.devnull, os.O_RDWR)
        self._fin = open(self._fd, 'rb', closefd=False)
        self._fout = open(self._fd, 'wb', closefd=False)
        self._server = template.makeserver(
            template.ui,
            template.repo,
            self._fin,
            self._fout,
        )

    def _say(self, word, argument=None):
        try:
            daemonline.send(self._line.fileno(), word, argument)
        except OSError:
            pass  # the daemon has dropped this worker, or is gone; a client may still be connected

    def run(self):
        try:
            word, connection = daemonline.receive(self._line)
            if word == daemonline.REHEARSE:
                self._prepare()
                word, connection = daemonline.receive(self._line)
            self._template.rehearsal.close()
        except ConnectionResetError:  # the daemon closed the line and left data unread
            return
        if not connection:
            return
        title.worker(title.WORKER, peer.credentials(connection[0])[1])
        if word == daemonline.CHG:
            self._server.cleanup()  # restores SIGINT
            self._template.chg.serveforked(connection[0], self._stale, self._say)
        if self._template.chg.warm:
            return  # not a client for a worker without configuration
        if self._stale():
            self._startafresh(connection[0])
        os.dup2(connection[0], self._fd, inheritable=False)
        os.close(connection[0])
        self._serve()

    def _prepare(self):
        if select.select([self._line], [], [], PAUSE)[0]:
            return
        template = self._template
        if template.chg.warm:
            template.rehearsechg()
        else:
            template.rehearsal.run(rehearsal.WORKER)
        template.rehearsal.tidyup()
        defaultsignals()
        template.dependencies.stale()
        self._say(daemonline.WARM)

    def _stale(self):
        stale = self._template.dependencies.stale()
        if stale:
            self._say(daemonline.STALE)
        return stale

    def _startafresh(self, connection):
        self._server.cleanup()  # restores SIGINT, which would stay ignored
        os.dup2(connection, 0)
        os.dup2(connection, 1)
        command = self._template.fresh()
        os.execv(command[0], command)

    def _serve(self):
        """commandserver._serverequest, for a server that exists already"""
        sv = self._server
        try:
            try:
                sv.serve()
            except error.Abort as inst:
                sv.ui.error(_(b'abort: %s\n') % inst.message)
            except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
                pass
            finally:
                sv.cleanup()
        except:  # re-raises
            sv.cerr.write(encoding.strtolocal(traceback.format_exc()))
            raise
        finally:
            try:
                self._fout.flush()
            except OSError:
                pass
            os.close(self._fd)
            gc.collect()  # runs __del__ methods, which os._exit would skip
