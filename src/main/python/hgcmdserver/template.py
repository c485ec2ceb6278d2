"""The template: warms up, and then forks workers when the daemon asks."""

import gc
import os
import select
import socket
import sys

from hgcmdserver import forking, rehearsal, repositories, worker

CONTROL = 3


class template:
    """A service of `hg serve`, so that it finds configuration and extensions loaded as they are for
    any command. It starts no thread: one might be in the middle of an import when it forks."""

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
        self.repositories = keep(maxrepos)
        self._fork = forking.fork()

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
        if self.repositories:
            poll.register(self.repositories, select.POLLIN)
        while True:
            ready = {fd for fd, _event in poll.poll()}
            if self._control.fileno() in ready:
                byte, fds = worker.receive(self._control)
                if not byte:
                    return
                if fds:  # else there was no place for it, and the daemon sees its end
                    self._forkworker(fds[0])
            else:
                self.repositories.heed()

    def _forkworker(self, line):
        def say(message):
            try:
                os.write(line, message)
            except OSError:
                pass  # the daemon does not want this worker any more

        try:
            pid = self._fork(lambda pid: say(b'forked %d\n' % pid))
        except OSError as inst:
            pid = -1
            say(b'failed fork: %s\n' % inst.strerror.encode())
        if pid == 0:
            self._work(line)
        os.close(line)

    def _work(self, line):
        status = 255
        try:
            self._control.close()
            if self.repositories:
                self.repositories.enter()
            self.rehearsal.close()
            worker.worker(self, line).run()
            status = 0
        except:  # never returns, hence no re-raises
            self.ui.traceback(force=True)
        finally:
            os._exit(status)


def keep(maximum):
    """the repositories, or None: then nothing of them touches Mercurial either"""
    if not maximum:
        return None
    try:
        return repositories.repositories(maximum)
    except Exception as inst:  # other internals: only this part is missing
        sys.stderr.write('hg-cmdserver: no repositories are kept loaded: %s\n' % inst)
        sys.stderr.flush()
        return None
