"""The template: warms up, and then forks workers when the daemon asks."""

import gc
import os
import select
import shutil
import socket

from mercurial import encoding, repocache

from hgcmdserver import forking, rehearsal, worker

CONTROL = 3

# Loading holds up forks: beyond this a changelog is left to its workers.
MAX_CHANGELOG = 64 << 20  # bytes


class template:
    """A service of `hg serve`, so that it finds configuration and extensions loaded as they are for
    any command. It has one thread: one more might be in the middle of an import when it forks."""

    def __init__(self, ui, repo, dependencies, warmup, maxrequest, maxrepos, pipe):
        self.ui = ui
        self.repo = repo
        self.dependencies = dependencies
        self.maxrequest = maxrequest
        self.pipe = pipe
        self.rehearsal = rehearsal.rehearsal(ui, warmup, maxrequest)
        self._warmup = warmup
        self._control = socket.socket(fileno=CONTROL)
        self._control.set_inheritable(False)
        # each datagram is the root of a repository that a worker has used
        self._suggestions, self._suggest = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._maxrepos = maxrepos
        self._loader = repocache.repoloader(ui, max(1, maxrepos))  # without its thread
        self._fork = forking.cloneparent() or forking.forktwice

    def init(self):
        pass

    def run(self):
        try:
            self.dependencies.settle(self.ui)
            self.rehearsal.create()
            self.rehearsal.run(rehearsal.TEMPLATE)
            self._freeze()
            self._control.sendall(b'ready\n')
            self._loop()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the daemon does not want us any more
        finally:
            # workers may be at it, and a daemon that is gone cannot do it
            shutil.rmtree(self._warmup, ignore_errors=True)

    def _freeze(self):
        """keep workers' collections off our objects: 20 ms and 10 MB of copied pages each"""
        gc.collect()
        gc.freeze()

    def _loop(self):
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._suggestions, select.POLLIN)
        while True:
            ready = {fd for fd, _event in poll.poll()}
            if self._control.fileno() in ready:
                byte, fds = worker.receive(self._control)
                if not byte:
                    return
                self._forkworker(fds[0])
            else:
                self._load(self._suggestions.recv(32768))

    # repositories

    def suggest(self, root):
        """called in a worker: a command has loaded this repository"""
        if self._maxrepos:
            try:
                self._suggest.send(root, socket.MSG_DONTWAIT)
            except OSError:
                pass  # the template is busy, or gone: next time

    def preloaded(self, root):
        """called in a worker"""
        return self._loader.get(root)

    def _load(self, root):
        try:
            if os.path.getsize(os.path.join(root, b'.hg/store/00changelog.i')) > MAX_CHANGELOG:
                return
            self._loader._load(root)
        except Exception:
            pass  # removed or unreadable by now: the loader has dropped it
        self._freeze()

    # workers

    def _forkworker(self, line):
        try:
            pid = self._fork()
        except OSError as inst:  # the daemon sees the end of the worker's line
            self.ui.warn(b'cannot fork: %s\n' % encoding.strtolocal(inst.strerror))
            pid = -1
        if pid == 0:
            self._work(line)
        os.close(line)

    def _work(self, line):
        status = 255
        try:
            self._control.close()
            self._suggestions.close()
            worker.worker(self, line).run()
            status = 0
        except:  # never returns, hence no re-raises
            self.ui.traceback(force=True)
        finally:
            os._exit(status)
