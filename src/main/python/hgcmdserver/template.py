"""The template: warms up, and then forks workers when the daemon asks."""

import copy
import errno
import gc
import os
import select
import socket

from hgcmdserver import compat, forking, isolation, parts, proof, rehearsal, worker

CONTROL = 3

# Not the part's fault: the daemon is gone, or starts a template again later, when there is space.
PASSING = (errno.EPIPE, errno.ECONNRESET, errno.ENOSPC, errno.EDQUOT)

# What a template can be without; see parts.
REHEARSAL = 'rehearsals'
STALENESS = 'a look at changed files'
REPOSITORIES = 'preloaded repositories'
STRICTSERVER = 'the strict server'

# Between attempts to make the private repository where there was no room: doubled each time.
RETRY = 1  # seconds
MAX_RETRY = 60  # seconds


class template:
    """A service of `hg serve`, so that it finds configuration and extensions loaded as they are for
    any command. It starts no thread: one might be in the middle of an import when it forks."""

    def __init__(self, ui, repo, hg, staleness, warmup, strictserver, maxrepos, fresh):
        """hg: the script in whose place this runs; staleness: () -> the files that this was made from;
        warmup: the directory for the private repository, or b''; strictserver: () -> a function that makes
        one; fresh: () -> the command line of a strict server of one connection, in a new process, of
        the hg that there is by then"""
        self.ui = ui
        self.repo = repo
        self.fresh = fresh
        self._hg = hg
        self._control = socket.socket(fileno=CONTROL)
        self._control.set_inheritable(False)
        self._fork = forking.fork()
        self._isolation = self._part(
            REHEARSAL, lambda: isolation.isolation(ui), parts.noisolation()
        )
        self.rehearsal = parts.norehearsal(self._isolation.ui)
        self.dependencies = self._part(STALENESS, staleness, parts.nostaleness())
        self.makeserver = self._part(
            STRICTSERVER, lambda: self._tried(strictserver()), compat.ownserver
        )
        self.repositories = parts.norepositories()
        if maxrepos:
            self.repositories = self._part(
                REPOSITORIES, lambda: self._keeprepositories(maxrepos), self.repositories
            )
        self._warmup = warmup
        self._retry = None  # seconds to the next attempt to make the private repository

    def init(self):
        pass

    def run(self):
        plain = []
        try:
            plain.append(proof.plainhg(self._hg, [proof.VERSION]))
            # without a directory the daemon has said why
            apart = not isinstance(self._isolation, parts.noisolation)
            if apart and self._warmup and self._part(REHEARSAL, self._createrehearsal, False):
                plain.append(proof.plainhg(self._hg, [proof.log(self.rehearsal.path)]))
                if not self._part(REHEARSAL, self.rehearsal.warmup, False):
                    plain.pop().kill()
                    self._droprehearsal()
            self._settle()
            self._prove([answer for some in plain for answer in some.answers()])
            self._freeze()
            self._control.sendall(b'ready\n')
            self._loop()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the daemon does not want us any more
        except Exception as inst:
            self._say('failed %s: %s' % (type(inst).__name__, inst))
            raise
        finally:
            for some in plain:
                some.kill()
            # workers may be at it, and a daemon that is gone cannot do it
            self.rehearsal.delete()

    def _say(self, line):
        self._control.sendall(line.replace('\n', ' ').encode('utf-8', 'backslashreplace') + b'\n')

    # parts

    def _part(self, name, make, standin):
        """what make() makes, or, if that fails, the stand-in; the daemon's log tells which and why"""
        try:
            return make()
        except Exception as inst:
            if isinstance(inst, OSError) and inst.errno in PASSING:
                raise
            self._without(name, '%s: %s' % (type(inst).__name__, inst))
            return standin

    def _without(self, name, reason):
        self._say('without %s: %s' % (name, reason))

    def _tried(self, makeserver):
        """before rehearsals use it"""
        ui = self._isolation.ui
        with self._isolation:
            proof.checkserver(lambda fin, fout: makeserver(ui, None, fin, fout))
        return makeserver

    def _keeprepositories(self, maximum):
        from hgcmdserver.repositories import repositories

        return repositories(maximum)

    def _createrehearsal(self):
        created = rehearsal.rehearsal(self._isolation, self._warmup, self.makeserver)
        try:
            created.create()
        except rehearsal.NoRoom:
            self._retry = min(2 * self._retry, MAX_RETRY) if self._retry else RETRY
            raise
        self._retry = None
        self.rehearsal = created
        return True

    def _droprehearsal(self):
        self.rehearsal.delete()
        self.rehearsal = parts.norehearsal(self._isolation.ui)

    def _rehearselate(self):
        try:
            self._createrehearsal()
        except rehearsal.NoRoom:
            return  # the daemon's log has it
        except Exception as inst:
            self._retry = None
            self._without(REHEARSAL, '%s: %s' % (type(inst).__name__, inst))
            return
        if not self._part(REHEARSAL, self.rehearsal.warmup, False):
            self._droprehearsal()
        self._freeze()

    def _settle(self):
        try:
            self.dependencies.settle(self.ui, self.repo)
        except Exception as inst:
            self._without(STALENESS, '%s: %s' % (type(inst).__name__, inst))
            self.dependencies = parts.nostaleness()

    # proof

    def _prove(self, answers):
        """find the parts with which a worker answers as plain hg does: all, or as many as can be"""
        whole = (self.makeserver, self.repositories)
        failure = None
        for missing in ((), (STRICTSERVER,), (REPOSITORIES,), (STRICTSERVER, REPOSITORIES)):
            self.makeserver, self.repositories = whole
            if STRICTSERVER in missing:
                self.makeserver = compat.ownserver
            if REPOSITORIES in missing:
                self.repositories = parts.norepositories()
            if missing and (self.makeserver, self.repositories) == whole:
                continue  # that is missing already
            try:
                self._proveworker(answers)
            except proof.Failed as inst:
                failure = failure or inst
                continue
            for name in missing:
                self._without(name, failure)
            return
        raise failure

    def _proveworker(self, answers):
        proven = copy.copy(self)
        # nothing of the user's runs, and no repository of theirs is used, before there is a client
        proven.ui = self._isolation.bareui
        proven.repo = None
        proven.dependencies = parts.nostaleness()  # a fresh process would have the user's configuration

        def work(line):
            with self._isolation:
                proven._work(line)

        proof.checkworker(self._fork, work, answers)

    def _freeze(self):
        """keep workers' collections off our objects: 20 ms and 10 MB of copied pages each"""
        gc.unfreeze()  # what has been dropped since, such as a repository, is to be collected
        gc.collect()
        gc.freeze()

    def _loop(self):
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if hasattr(self.repositories, 'fileno'):
            poll.register(self.repositories, select.POLLIN)
        while True:
            ready = {fd for fd, _event in poll.poll(self._retry and self._retry * 1000)}
            if not ready:
                self._rehearselate()
            elif self._control.fileno() in ready:
                byte, fds = worker.receive(self._control)
                if not byte:
                    return
                if fds:  # else there was no place for it, and the daemon sees its end
                    self._forkworker(fds[0])
            else:
                self.repositories.handlesuggestion()

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
            self.repositories.close()
            worker.worker(self, line).run()
            status = 0
        except:  # never returns, hence no re-raises
            self.ui.traceback(force=True)
        finally:
            os._exit(status)
