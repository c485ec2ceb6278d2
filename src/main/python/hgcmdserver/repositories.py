"""What the template has worked out for repositories, so that workers need not.

Of a repository neither an object nor a file's state is kept. Kept are results of functions that depend on
nothing but their arguments, together with the arguments. A worker's Mercurial reads every file as it always
does, in the order and under the locks that it always does. Where it then calls such a function, it gets the
kept result if the arguments are the same, byte for byte. So it does not matter when and how the template
came by them: in the middle of a transaction, from a file that was half written, or from one that is gone.
Times, sizes and inode numbers of files are not looked at.

    what is kept                | what is compared                       | why that is proof
    ----------------------------+----------------------------------------+--------------------------------
    the changelog's index, with | the content of 00changelog.i (or .i.a) | parsers.parse_index2 has no
    the tree of its nodes and   | that the worker has read, all of it,   | other input. The object changes
    its heads                   | and the parser's flags                 | when a transaction appends, so
                                |                                        | each process gives it to one
                                |                                        | changelog only, once
    the revisions of each phase | that the changelog's index is the one  | computephasesmapsets has no
                                | above, in a process that has locked no | other input, and nothing appends
                                | repository since; and the roots that   | to an index outside of a
                                | the worker has read from phaseroots    | transaction
    the obsolescence markers    | the content of obsstore that the       | obsolete._readmarkers has no
                                | worker has read, all of it             | other input. Markers are tuples,
                                |                                        | and each worker has its own list

Not kept, for want of a comparison that costs less than the work: what is derived from several files (visible
revisions, obsolete and unstable changesets, successors, bookmarks), the dirstate, the manifest, filelogs, the
data of revisions, nodemaps and other dockets. The caches of branches and tags are files, which each command
reads and checks as it always does.

The template opens nothing of a repository but 00changelog.i and obsstore, and those only if they are regular
files. They are closed again before it forks, so that no descriptor is shared. It reads no configuration of
the repository and runs no code for it.
"""

import collections
import gc
import marshal
import os
import socket
import stat
import sys

from mercurial import changelog, extensions, localrepo, obsolete, revlog

from hgcmdserver import compat

# Loading holds up forks and takes memory: what is larger is left to the workers.
MAX_INDEX = 32 << 20  # bytes, of half a million revisions
MAX_MARKERS = 2 << 20  # bytes, of some twenty thousand

# What is smaller is parsed in no time.
SMALL_REPO = 1000  # revisions
SMALL_INDEX = 64 * SMALL_REPO  # bytes
SMALL_MARKERS = 16 << 10  # bytes

MAX_SUGGESTION = 32768  # bytes
MAX_ROOTS = 1000  # what fits into one

CHUNK = 1 << 16  # bytes that are compared at a time


class parsedindex:
    """an index and what it was parsed from"""

    def __init__(self, content, flags):
        """flags: the further arguments of the parser"""
        self.content = content
        self.flags = flags
        self.index, self.chunkcache = revlog.parsers.parse_index2(content, *flags)
        # these are worked out when they are needed first
        self.index.partialmatch(b'%040x' % 1)
        self.index.headrevs()


class store:
    """what is kept of one repository"""

    def __init__(self):
        self.parsed = None  # a parsedindex, also another store's if that has the same content
        self.roots = self.phases = None
        self.markers = None  # (content, version, markers)


class handedout:
    """an index that a changelog of this process has, and that has not changed"""

    def __init__(self, index):
        self.index = index  # so that its id is not another's
        self.phases = []  # (roots, result), until one has been handed out


class repositories:
    """Made in the template; each worker has what it was when it was forked."""

    def __init__(self, maximum):
        """maximum: how many repositories something is kept of"""
        self._maximum = maximum
        self._stores = collections.OrderedDict()  # by directory, the one that was used last at the end
        # each datagram is a suggestion of a worker's
        self._suggestions, self._suggest = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inworker = False
        # in a worker
        self._flags = None  # of the changelog that is being made; a list of none or one
        self._reading = False  # whether an obsstore is being made
        self._handedout = {}  # by the id of the index
        self._wanted = {}  # by directory: what is to be suggested
        self._suggested = {}  # the states of which something has been
        for container, name, wrapper in (
            (changelog.changelog, '__init__', self._makechangelog),
            (revlog.parsers, 'parse_index2', self._parseindex),
            (revlog.revlog, 'computephases', self._computephases),
            (obsolete, compat.READMARKERS, self._readmarkers),
            (localrepo.localrepository, 'lock', self._beforechange),
            (localrepo.localrepository, 'transaction', self._beforechange),
            (localrepo.localrepository, 'close', self._close),
        ):
            extensions.wrapfunction(container, name, wrapper)
        readindex = compat.readindex()
        if readindex:
            extensions.wrapfunction(revlog.revlog, readindex, self._readindex)
        compat.wrapallmarkers(self._allmarkers)

    # in the template

    def fileno(self):
        """readable when a worker has suggested something"""
        return self._suggestions.fileno()

    def handlesuggestion(self):
        """take a suggestion"""
        directory, wanted = marshal.loads(self._suggestions.recv(MAX_SUGGESTION))
        if not self._maximum:
            return
        if directory not in self._stores and not any(wanted.values()):
            return  # it has been used, but had to make room meanwhile
        kept = self._stores.pop(directory, None) or store()
        self._stores[directory] = kept
        while len(self._stores) > self._maximum:
            self._stores.popitem(last=False)
        try:
            self._load(kept, directory, wanted)
        except (OSError, ValueError):
            pass  # removed, unreadable, or in the middle of a change
        except Exception as inst:
            self._maximum = 0
            self._stores.clear()
            warn(inst)

    def _load(self, kept, directory, wanted):
        if wanted.get('index'):
            flags, roots = wanted['index']
            content = readregular(os.path.join(directory, b'00changelog.i'), MAX_INDEX)
            parsed = self._find(content, flags) or parsedindex(content, flags)
            if (parsed, roots) != (kept.parsed, kept.roots):
                kept.parsed, kept.roots, kept.phases = parsed, None, None
                if roots and compat.areroots(parsed.index, roots):
                    kept.phases = parsed.index.computephasesmapsets(roots)
                    kept.roots = roots
        if 'markers' in wanted:
            content = readregular(os.path.join(directory, b'obsstore'), MAX_MARKERS)
            if not kept.markers or kept.markers[0] != content:
                version, markers = getattr(obsolete, compat.READMARKERS)(content)
                kept.markers = content, version, tuple(markers)
        gc.freeze()  # no object of these is in a cycle: nothing needs to be collected before

    def _find(self, content, flags):
        """the index that was parsed from this; content: bytes, or what is mapped into memory"""
        for kept in self._stores.values():
            parsed = kept.parsed
            if (
                parsed
                and parsed.flags == flags
                and len(parsed.content) == len(content)
                and (parsed.content is content or parsed.content.startswith(content))  # memcmp
            ):
                return parsed

    # in a worker

    def close(self):
        """called in a worker: the template's end"""
        self._suggestions.close()
        self._inworker = True

    def _want(self, directory, what, state, value):
        """state: of which the value is suggested; not for a second time"""
        if directory is None or self._suggested.get((directory, what)) == state:
            return
        self._suggested[directory, what] = state
        self._wanted.setdefault(directory, {})[what] = value

    def _close(self, orig, repo):
        orig(repo)
        while self._wanted:
            try:
                suggestion = marshal.dumps(self._wanted.popitem())
                if len(suggestion) <= MAX_SUGGESTION:
                    self._suggest.send(suggestion, socket.MSG_DONTWAIT)
            except (OSError, ValueError):
                pass  # the template is busy, or gone: next time

    def _beforechange(self, orig, repo, *args, **kwargs):
        self._handedout.clear()
        return orig(repo, *args, **kwargs)

    def _makechangelog(self, orig, cl, *args, **kwargs):
        if not self._inworker or type(cl) is not changelog.changelog:  # bundlerepo appends to its own
            return orig(cl, *args, **kwargs)
        self._flags = flags = []
        try:
            orig(cl, *args, **kwargs)
        finally:
            self._flags = None
        # now: in a transaction the opener is a function
        cl.hgcmdserver = storedirectory(cl.opener), flags[0] if flags else None

    def _readindex(self, orig, rl, name, *args, **kwargs):
        """spares the worker the memory, and to have the kernel clear it, which takes longer than to read"""
        if self._flags is not None and len(args) < 2 and not kwargs:
            path = rl.opener.join(name)
            for parsed in {kept.parsed for kept in self._stores.values() if kept.parsed}:
                if iscontent(path, parsed.content):
                    return parsed.content
        return orig(rl, name, *args, **kwargs)

    def _parseindex(self, orig, content, *flags, **others):
        if self._flags is None or others or len(content) < SMALL_INDEX:
            return orig(content, *flags, **others)
        self._flags.append(flags)
        parsed = self._find(content, flags)
        if not parsed:
            return orig(content, *flags)
        given = handedout(parsed.index)
        for kept in self._stores.values():
            if kept.parsed is parsed:
                given.phases.append((kept.roots, kept.phases))
                kept.parsed = None
        self._handedout[id(parsed.index)] = given
        return parsed.index, parsed.chunkcache

    def _computephases(self, orig, cl, roots):
        directory, flags = getattr(cl, 'hgcmdserver', (None, None))
        if not flags or len(cl.index) < SMALL_REPO:
            return orig(cl, roots)
        length = len(cl.index)
        hint = {phase: set(of) for phase, of in roots.items()}
        state = length, cl.index[length - 1][7], hint  # good enough: a wrong guess costs time, no more
        given = self._handedout.get(id(cl.index))
        if given:
            phases, given.phases = given.phases, []
            for known, result in phases:
                if known == roots:
                    self._want(directory, 'index', state, None)  # it has been used
                    return result
        if sum(map(len, hint.values())) > MAX_ROOTS:
            hint = None
        self._want(directory, 'index', state, (flags, hint))
        return orig(cl, roots)

    def _allmarkers(self, orig, obsstore):
        self._reading = self._inworker
        try:
            return orig(obsstore)
        finally:
            if self._reading is None:
                directory = storedirectory(obsstore.svfs)
                self._want(directory, 'markers', len(obsstore._data), True)
            self._reading = False

    def _readmarkers(self, orig, content, *args, **kwargs):
        if not self._reading or args or kwargs or len(content) < SMALL_MARKERS:
            return orig(content, *args, **kwargs)
        for kept in self._stores.values():
            if kept.markers and kept.markers[0] == content:
                return kept.markers[1], iter(kept.markers[2])
        self._reading = None
        return orig(content)


def warn(inst):
    message = 'hg-cmdserver: no repositories are kept loaded: %s: %s\n'
    sys.stderr.write(message % (type(inst).__name__, inst))
    sys.stderr.flush()


def storedirectory(vfs):
    """where what is suggested is; None if that is no directory, as with statichttprepo"""
    join = getattr(vfs, 'join', None)
    path = join(b'00changelog.i') if join else b''
    return os.path.dirname(path) if os.path.isabs(path) else None


def openregular(path):
    """a descriptor and the size of a file; a FIFO or a device is not waited for"""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    st = os.fstat(fd)
    if not stat.S_ISREG(st.st_mode):
        os.close(fd)
        raise ValueError(path)
    return fd, st.st_size


def readregular(path, maximum):
    """the content of a file"""
    fd, size = openregular(path)
    with open(fd, 'rb') as file:
        if size > maximum:
            raise ValueError(path)
        return file.read(size)


def iscontent(path, content):
    """whether this is the content of a file"""
    try:
        fd, size = openregular(path)
    except (OSError, ValueError):
        return False
    with open(fd, 'rb', buffering=0) as file:
        if size != len(content):
            return False
        buffer = bytearray(CHUNK)
        view = memoryview(buffer)
        position = 0
        while position < size:
            length = file.readinto(buffer)
            if not length or not content.startswith(view[:length], position):
                return False
            position += length
        return position == size
