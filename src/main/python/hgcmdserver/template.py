"""The template: warms up, and then forks workers at the daemon's request."""

import copy
import errno
import gc
import os
import select
import shutil
import socket

from hgcmdserver import compat, daemonline, forking, isolation, leftovers, parts, proof, rehearsal, succession, worker

# Not the part's fault: the daemon is gone, or the disk is full; the daemon starts a template again later.
PASSING = (errno.EPIPE, errno.ECONNRESET, errno.ENOSPC, errno.EDQUOT)

# The parts that a template can do without; see parts.py.
REHEARSAL = 'rehearsals'
STALENESS = 'the staleness check'
REPOSITORIES = 'preloaded repositories'
STRICTSERVER = 'the strict server'

# Between attempts to make the private repository while there is no room; doubled each time.
RETRY = 1  # seconds
MAX_RETRY = 60  # seconds


class template:
    """A service of `hg serve`, so that Mercurial has loaded configuration and extensions as for any
    command. The template starts no thread, which might be in the middle of an import at a fork."""

    def __init__(self, ui, repo, hg, staleness, warmup, strictserver, maxrepos, fresh, chg, load):
        """hg: the script whose place this program takes; staleness: () -> the files that this template was made
        from; warmup: the directory for the private repository, or b''; strictserver: () -> a function that
        makes strict servers; fresh: () -> the command line of a strict server of one connection, in a new
        process, of the hg that is installed by then; chg: a chg.service; load: () -> the preloaded configuration
        of clients that are chg, and why there is none; or None"""
        self.ui = ui
        self.repo = repo
        self.fresh = fresh
        self.chg = chg
        self._load = load
        self._hg = hg
        self._control = socket.socket(fileno=daemonline.CONTROL)
        self._control.set_inheritable(False)
        self._fork = forking.fork()
        self._isolation = self._part(
            REHEARSAL, lambda: isolation.isolation(ui), parts.noisolation()
        )
        # hg's imports are lazy: these happen here, not in each worker
        self._makeworker = worker.worker
        self._makecopy = succession.copy
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
        self._copy = None  # the line to a copy of this process that loads repositories; see succession.py

    def init(self):
        pass

    def run(self):
        plain = []
        try:
            plain.append(proof.plainhg(self._hg, [proof.VERSION]))
            if self._warmup:
                leftovers.remove(self._warmup)
            # if there is no directory, the daemon has logged why
            apart = not isinstance(self._isolation, parts.noisolation)
            if apart and self._warmup and self._part(REHEARSAL, self._createrehearsal, False):
                plain.append(proof.plainhg(self._hg, [proof.log(self.rehearsal.path)]))
                if not self._part(REHEARSAL, self.rehearsal.warmup, False):
                    plain.pop().kill()
                    self._droprehearsal()
            if not self.rehearsal.path:
                self.rehearsal.warmup()
            if self.chg.warm and not self._part(REHEARSAL, self.rehearsechg, False):
                self.rehearsechg = lambda: False
            if not self.chg.warm:
                self._settle()
            gc.freeze()  # a worker under proof ends with a collection, as any worker
            answers = [answer for some in plain for answer in some.answers()]
            if self.chg.warm:
                for answer in answers:
                    self._proveworker([answer], self.chg.warm.environment)
                self._preload()
            else:
                self._prove(answers)
            self._freeze()
            self._say(daemonline.READY)
            self._loop()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the daemon has dropped this template
        except Exception as inst:
            self._say(daemonline.FAILED, '%s: %s' % (type(inst).__name__, inst))
            raise
        finally:
            for some in plain:
                some.kill()
            # workers may still be using the repository, and the daemon may be gone and unable to delete it
            self.rehearsal.delete()
            if self._warmup:  # after a reload, in which the daemon may have met a repository in the making
                shutil.rmtree(self._warmup, ignore_errors=True)

    def _say(self, word, reason=None):
        argument = None if reason is None else daemonline.text(reason)
        self._control.sendall(daemonline.message(word, argument))

    # parts

    def _part(self, name, make, standin):
        """the result of make(), or the stand-in if make() fails; the daemon logs the part and the reason"""
        try:
            return make()
        except Exception as inst:
            if isinstance(inst, OSError) and inst.errno in PASSING:
                raise
            self._without(name, '%s: %s' % (type(inst).__name__, inst))
            return standin

    def _without(self, name, reason):
        self._say(daemonline.WITHOUT, '%s: %s' % (name, reason))

    def _tried(self, makeserver):
        """the strict server, tried before rehearsals use it"""
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

    def rehearsechg(self):
        """in the template, and in each worker for chg"""
        self.chg.rehearse()
        self.rehearsal.run(rehearsal.FOR_CHG, self.chg.warm.rehearsecommand)
        return True

    def _droprehearsal(self):
        self.rehearsal.delete()
        self.rehearsal = parts.norehearsal(self._isolation.ui)

    def _rehearselate(self):
        try:
            self._createrehearsal()
        except rehearsal.NoRoom:
            return  # the daemon has logged it
        except Exception as inst:
            self._retry = None
            self._without(REHEARSAL, '%s: %s' % (type(inst).__name__, inst))
            return
        if not self._part(REHEARSAL, self.rehearsal.warmup, False):
            self._droprehearsal()
        self._freeze()

    def _preload(self):
        """load the configuration of clients, if that is wanted and possible; the daemon learns for which clients"""
        loaded, unfit = self._load() if self._load else (None, None)
        if unfit:
            self._say(daemonline.NOTPRELOADED, str(unfit))
            self.chg.warm.refused = unfit.files
        if loaded:
            self.chg.warm.preloaded = loaded
            self.ui = loaded.ui
            self._isolation = self._part(REHEARSAL, lambda: isolation.isolation(self.ui), self._isolation)
            self.rehearsal.isolate(self._isolation)
            if not self._part(REHEARSAL, self.rehearsechg, False):
                self.rehearsechg = lambda: False
        self._settle(loaded.paths if loaded else ())
        if loaded:
            known = (loaded.environment, loaded.sections())
            said = b'\0'.join(b''.join(b'%s\0' % name for name in names) for names in known)
            self._control.sendall(daemonline.message(daemonline.PRELOADED, said))

    def _settle(self, others=()):
        try:
            self.dependencies.settle(self.ui, self.repo, others)
        except Exception as inst:
            self._without(STALENESS, '%s: %s' % (type(inst).__name__, inst))
            self.dependencies = parts.nostaleness()

    # proof

    def _prove(self, answers):
        """find the largest set of parts with which a worker answers as plain hg does"""
        whole = (self.makeserver, self.repositories)
        failure = None
        for missing in ((), (STRICTSERVER,), (REPOSITORIES,), (STRICTSERVER, REPOSITORIES)):
            self.makeserver, self.repositories = whole
            if STRICTSERVER in missing:
                self.makeserver = compat.ownserver
            if REPOSITORIES in missing:
                self.repositories = parts.norepositories()
            if missing and (self.makeserver, self.repositories) == whole:
                continue  # that part is missing already
            try:
                self._proveworker(answers)
            except proof.Failed as inst:
                failure = failure or inst
                continue
            for name in missing:
                self._without(name, failure)
            return
        raise failure

    def _proveworker(self, answers, chg=None):
        """chg: the environment of a client that is chg; None for another client"""
        proven = copy.copy(self)
        # before the first client, none of the user's programs run and no repository of theirs is used
        proven.ui = self._isolation.bareui
        proven.repo = None
        proven.dependencies = parts.nostaleness()  # a fresh process would have the user's configuration

        def work(line):
            with self._isolation:
                proven._work(line)

        proof.checkworker(self._fork, work, answers, chg)

    def _freeze(self):
        """exempt our objects from workers' garbage collections: 20 ms and 10 MB of copied pages each"""
        gc.unfreeze()  # so that objects dropped since, such as a repository's, are collected
        gc.collect()
        gc.freeze()

    def _loop(self):
        while True:
            ready = self._poll()
            if not ready:
                self._rehearselate()
            # each in its turn, so that constant requests for workers do not keep the others waiting
            if self._copy in ready:
                if succession.endwith(self._copy):
                    self.repositories.failed()
                self._copy = None
            if self._control in ready:
                word, fds = daemonline.receive(self._control)
                if not word:
                    return
                if fds:  # else this process had no free descriptor, and the daemon sees the end of the line
                    self._forkworker(fds[0])
            if self.repositories in ready:
                self._handlesuggestion()

    def _poll(self):
        """those that are readable: the line, the copy, the repositories; none if a retry is due"""
        retry = self._retry
        sources = [self._control]
        if self._copy:
            sources.append(self._copy)
            retry = None  # the copy will not know what becomes of it
        elif self.repositories.fileno() is not None:
            sources.append(self.repositories)
        poll = select.poll()
        for source in sources:
            poll.register(source, select.POLLIN)
        ready = {fd for fd, _event in poll.poll(retry and retry * 1000)}
        return [source for source in sources if source.fileno() in ready]

    def _handlesuggestion(self):
        suggestion = self.repositories.receive()
        if suggestion is None:
            return
        try:
            self._copy = self._makecopy(
                self._fork, self._control, lambda: self.repositories.load(suggestion)
            )
        except OSError:
            pass  # no process to be had; a later command suggests it again

    def _forkworker(self, line):
        def say(word, argument):
            try:
                daemonline.send(line, word, argument)
            except OSError:
                pass  # the daemon does not want this worker any more

        try:
            pid = self._fork(lambda pid: say(daemonline.FORKED, b'%d' % pid))
        except OSError as inst:
            pid = -1
            say(daemonline.FAILED, b'fork: %s' % inst.strerror.encode())
        if pid == 0:
            self._work(line)
        os.close(line)

    def _work(self, line):
        status = 255
        try:
            self._control.close()
            if self._copy:
                self._copy.close()
            self.repositories.close()
            self._makeworker(self, line).run()
            status = 0
        except:  # never returns, hence no re-raises
            self.ui.traceback(force=True)
        finally:
            os._exit(status)
