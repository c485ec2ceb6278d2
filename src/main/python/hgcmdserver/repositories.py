"""The repositories that the template keeps loaded, and what workers make of them."""

import copy
import os
import socket

from mercurial import config, repocache

# Loading holds up forks: beyond this a changelog is left to its workers.
MAX_CHANGELOG = 64 << 20  # bytes

# Revisions; what is smaller is read in no time.
SMALL_REPO = 1000

# What repocache.copycache copies.
LOADED = (b'changelog', b'obsstore', b'_phasecache')


class repositories:
    """Made in the template; each worker has what it was when it was forked.

    Mercurial's repocache is made for a worker that runs one command. Here many may follow each other
    in one process, each with a repository object of its own, and none may see what another has made
    of the loaded objects.
    """

    def __init__(self, ui, maximum):
        self._maximum = maximum
        self._loader = repocache.repoloader(ui, max(1, maximum))  # without its thread
        self.prereposetups = [self.reposetup]
        # each datagram is the root of a repository that a worker has used
        self._suggestions, self._suggest = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    # in the template

    def fileno(self):
        """readable when a worker has suggested something"""
        return self._suggestions.fileno()

    def heed(self):
        """takes a suggestion; returns whether objects have come or gone"""
        suggestion = self._suggestions.recv(32768)
        load, root = suggestion[:1] == b'l', suggestion[1:]
        if not load:
            self._loader._cache.get(root)  # now it is the one that was used last
            return False
        # not loaded anew into the object that there is: the directory may hold another repository
        dropped = self._loader._cache.pop(root, None) is not None
        try:
            if not isloadable(root):
                return dropped
            self._loader._load(root)
        except Exception:
            pass  # removed or unreadable by now
        return True

    # in a worker

    def close(self):
        """the template's end"""
        self._suggestions.close()

    def _used(self, root, load):
        """a command has used this repository; load: the template's is not, or not as it is now"""
        if self._maximum:
            try:
                self._suggest.send((b'l' if load else b'u') + root, socket.MSG_DONTWAIT)
            except OSError:
                pass  # the template is busy, or gone: next time

    def reposetup(self, ui, repo):
        """commandserver.unixforkingservice._reposetup, save that it reports only what is worth it"""
        if not repo.local() or not ui.callhooks:
            return
        loaded = self._loader.get(repo.root)
        if loaded is not None and not isalike(loaded, repo):
            loaded = None
        loader, used = self._loader, self._used
        changed = loaded is None

        class preforkrepo(repo.__class__):
            def lock(self, *args, **kwargs):
                # From here on the loaded objects may be changed in their place, and a transaction
                # that is rolled back does not undo that in all of them. So they are this command's;
                # the next one loads its own.
                nonlocal changed
                changed = True
                loader._cache.pop(self.root, None)
                return super().lock(*args, **kwargs)

            def close(self):
                super().close()
                if islarge(self):
                    used(self.root, changed or hasloaded(self, loaded))

        repo.__class__ = preforkrepo
        if loaded is not None:
            repocache.copycache(loaded, repo)
            for key in LOADED:
                if key in repo._filecache:
                    repo._filecache[key] = ownentry(repo._filecache[key])


def isloadable(root):
    """not one so large that loading would hold up forks, nor one with extensions of its own, which
    would be loaded for all, nor a share, whose source may become another one"""
    hg = os.path.join(root, b'.hg')
    if os.path.exists(os.path.join(hg, b'sharedpath')):
        return False
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


def isalike(loaded, repo):
    """whether they are of one kind, and in one place: what was loaded fits only such a one"""
    return loaded.requirements == repo.requirements and loaded.sharedpath == repo.sharedpath


def ownentry(entry):
    """a scmutil.filecacheentry with the same object, until that is found to have changed: copycache
    gives all commands one, so that what the first has reloaded, bound to its own repository, is the
    next one's, and nobody can tell that it was reloaded"""
    own = copy.copy(entry)
    own._entries = [copy.copy(path) for path in entry._entries]
    return own


def islarge(repo):
    """whether a command has used the changelog, and that is worth keeping"""
    entry = repo._filecache.get(b'changelog')
    return entry is not None and len(entry.obj) >= SMALL_REPO


def hasloaded(repo, loaded):
    """whether a command had to load what the template has in another state"""
    return any(
        repo._filecache[key].obj is not loaded._filecache[key].obj
        for key in LOADED
        if key in repo._filecache and key in loaded._filecache
    )
