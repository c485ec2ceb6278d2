"""The template: warms up, and then forks workers when the daemon asks."""

import gc
import os
import select
import socket

from mercurial import config, repocache

from hgcmdserver import forking, rehearsal, worker

CONTROL = 3

# Loading holds up forks: beyond this a changelog is left to its workers.
MAX_CHANGELOG = 64 << 20  # bytes


class template:
    """A service of `hg serve`, so that it finds configuration and extensions loaded as they are for
    any command. It has one thread: one more might be in the middle of an import when it forks."""

    def __init__(self, ui, repo, dependencies, warmup, limits, maxrepos, fresh):
        """fresh: tells the command line of a strict server of one connection, in a new process, of
        the hg that there is by then"""
        self.ui = ui
        self.repo = repo
        self.dependencies = dependencies
        self.limits = limits
        self.fresh = fresh
        self.rehearsal = rehearsal.rehearsal(ui, warmup, limits)
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
            self.rehearsal.create()
            self.rehearsal.run(rehearsal.TEMPLATE)
            self.dependencies.settle(self.ui, self.repo)
            self._freeze()
            self._control.sendall(b'ready\n')
            self._loop()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the daemon does not want us any more
        except Exception as inst:
            reason = '%s: %s' % (type(inst).__name__, inst)
            self._control.sendall(b'failed %s\n' % reason.replace('\n', ' ').encode())
            raise
        finally:
            # workers may be at it, and a daemon that is gone cannot do it
            self.rehearsal.delete()

    def _freeze(self):
        """keep workers' collections off our objects: 20 ms and 10 MB of copied pages each"""
        gc.unfreeze()  # what has been dropped since, such as a repository, is to be collected
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
                if fds:  # else there was no place for it, and the daemon sees its end
                    self._forkworker(fds[0])
            else:
                self._used(self._suggestions.recv(32768))

    # repositories

    def suggest(self, root, load):
        """called in a worker: a command has used this repository; load: it had to load it"""
        if self._maxrepos:
            try:
                self._suggest.send((b'l' if load else b'u') + root, socket.MSG_DONTWAIT)
            except OSError:
                pass  # the template is busy, or gone: next time

    def preloaded(self, root):
        """called in a worker"""
        return self._loader.get(root)

    def _used(self, suggestion):
        load, root = suggestion[:1] == b'l', suggestion[1:]
        if not load:
            self._loader._cache.get(root)  # now it is the one that was used last
            return
        try:
            if self._loadable(root):
                self._loader._load(root)
        except Exception:
            pass  # removed or unreadable by now: the loader has dropped it
        self._freeze()

    @staticmethod
    def _loadable(root):
        """not one so large that loading would hold up forks, nor one with extensions of its own,
        which would be loaded for all"""
        hg = os.path.join(root, b'.hg')
        if os.path.getsize(os.path.join(hg, b'store/00changelog.i')) > MAX_CHANGELOG:
            return False
        own = config.config()
        for name in (b'hgrc', b'hgrc-not-shared'):
            if os.path.exists(os.path.join(hg, name)):
                own.read(os.path.join(hg, name))
        if own.items(b'extensions'):
            return False
        for name in (b'requires', b'store/requires'):
            if os.path.exists(os.path.join(hg, name)):
                with open(os.path.join(hg, name), 'rb') as requires:
                    if b'lfs' in requires.read().split():  # localrepo enables the extension itself
                        return False
        return True

    # workers

    def _forkworker(self, line):
        try:
            pid = self._fork()
        except OSError as inst:
            pid = -1
            try:
                os.write(line, b'failed fork: %s\n' % inst.strerror.encode())
            except OSError:
                pass  # nobody waits for it any more
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
