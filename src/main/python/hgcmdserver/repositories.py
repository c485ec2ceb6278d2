"""Results that the template has computed for repositories, so that workers need not.

The template keeps neither an object of a repository nor a file's state. It keeps results of functions that
depend only on their arguments, together with these arguments. A worker's Mercurial reads every file as
usual, in the usual order and under the usual locks. When it then calls such a function, it gets the kept
result if the arguments are the same, byte for byte. So it does not matter when and how the template got
them: in the middle of a transaction, from a half-written file, or from a file that is gone. The template
ignores times, sizes and inode numbers of files.

    kept                        | compared                               | why that is proof
    ----------------------------+----------------------------------------+--------------------------------
    the changelog's index, with | the content of 00changelog.i (or .i.a) | parsers.parse_index2 has no
    the tree of its nodes and   | that the worker has read, all of it,   | other input. The object changes
    its heads                   | and the parser's flags                 | when a transaction appends, so
                                |                                        | each process gives it to only
                                |                                        | one changelog, once
    the revisions of each phase | that the changelog's index is the one  | computephasesmapsets has no
                                | above, in a process that has not       | other input, and nothing appends
                                | locked a repository since; and the     | to an index outside a
                                | roots that it read from phaseroots     | transaction
    the obsolescence markers    | the content of obsstore that the       | obsolete._readmarkers has no
                                | worker has read, all of it             | other input. Markers are tuples,
                                |                                        | and each worker has its own list

Other data is not kept, since comparing it would cost as much as computing it: data derived from several
files (visible revisions, obsolete and unstable changesets, successors, bookmarks), the dirstate, the manifest,
filelogs, the data of revisions, nodemaps and other dockets. The caches of branches and tags are files, which
each command reads and checks as usual.

A copy of the template loads, and then takes the template's place (succession.py): others need not wait for that,
nor for a file system that hangs. The copy opens only 00changelog.i and obsstore of a repository, and those only if
they are regular files. It closes them before it forks, so that workers share no descriptor. It reads no
configuration of the repository and runs no code for the repository.
"""

import collections
import contextlib
import gc
import marshal
import os
import resource
import socket
import stat
import sys
import time

from mercurial import changelog, extensions, localrepo, obsolete, revlog

from hgcmdserver import compat

# The template leaves larger files to the workers.
MAX_INDEX = 32 << 20  # bytes; half a million revisions
MAX_MARKERS = 2 << 20  # bytes; some twenty thousand markers

# What all that is kept takes at most, as estimated: room for the largest repository.
MAX_MEMORY = 96 << 20  # bytes

# What it takes at most in fact, also while something is loaded: a file may be made so that it takes far more than
# others of its size.
MOST_MEMORY = 2 * MAX_MEMORY

# After a copy that has failed to load a directory, the next attempt is not made before this time.
RETRY = 600  # seconds
MAX_FAILED = 1000

# Estimates, in bytes of memory.
PER_INDEX_BYTE = 1.25  # the content and the tree
PER_REVISION = 64  # an entry in a set of phases
PER_MARKERS_BYTE = 8  # a tuple of tuples for each marker


# Mercurial parses smaller files in no time.
SMALL_REPO = 1000  # revisions
SMALL_INDEX = 64 * SMALL_REPO  # bytes
SMALL_MARKERS = 16 << 10  # bytes

MAX_SUGGESTION = 32768  # bytes
MAX_ROOTS = 1000  # as many as fit into a suggestion

CHUNK = 1 << 16  # bytes per comparison


class parsedindex:
    """an index and the content from which it was parsed"""

    def __init__(self, content, flags):
        """flags: the further arguments of the parser"""
        self.content = content
        self.flags = flags
        self.index, self.chunkcache = revlog.parsers.parse_index2(content, *flags)
        # Mercurial would compute the tree and the heads at their first use
        self.index.partialmatch(b'%040x' % 1)
        self.index.headrevs()


class store:
    """the kept results for one repository"""

    def __init__(self):
        self.parsed = None  # a parsedindex; stores with the same content share one
        self.roots = self.phases = None
        self.markers = None  # (content, version, markers)

    def memory(self):
        """bytes, with what other stores share; an estimate"""
        index = PER_INDEX_BYTE * len(self.parsed.content) if self.parsed else 0
        phases = PER_REVISION * len(self.parsed.index) if self.phases else 0
        return index + phases + (PER_MARKERS_BYTE * len(self.markers[0]) if self.markers else 0)


class handedout:
    """an unchanged index that a changelog of this process uses"""

    def __init__(self, index):
        self.index = index  # a reference, so that no other object gets its id
        self.phases = []  # (roots, result), until one result has been handed out


class repositories:
    """Created in the template; each worker has the state at its fork."""

    def __init__(self, maximum):
        """maximum: for how many repositories to keep results"""
        self._maximum = maximum
        self._stores = collections.OrderedDict()  # by directory, the most recently used last
        self._loading = None  # the directory, while a copy of this process loads
        self._failed = collections.OrderedDict()  # by directory: when another attempt may be made
        self._memory = None  # bytes of data before the first one was loaded
        # each datagram is a suggestion of a worker
        self._suggestions, self._suggest = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inworker = False
        # in a worker
        self._flags = None  # flags of the changelog under construction; a list of at most one
        self._reading = False  # whether an obsstore is under construction
        self._handedout = {}  # by the id of the index
        self._wanted = {}  # by directory: the next suggestions
        self._suggested = {}  # the states for which a suggestion has been made
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

    def receive(self):
        """Receive a suggestion. Returns (directory, wanted) if there is something to load; else a worker has
        used what is kept for this directory."""
        directory, wanted = marshal.loads(self._suggestions.recv(MAX_SUGGESTION))
        if directory in self._stores:
            self._stores.move_to_end(directory)
        if not self._maximum or not any(wanted.values()):
            return None
        if self._failed.get(directory, 0) > time.monotonic():
            return None
        if self._memory is None:
            try:
                self._memory = datasize()
            except OSError as inst:  # nothing is kept that cannot be bounded
                self._maximum = 0
                warn(inst)
                return None
        self._loading = directory
        return directory, wanted

    def failed(self):
        """the copy that was to follow the suggestion has died, or has found no memory"""
        self._failed.pop(self._loading, None)
        self._failed[self._loading] = time.monotonic() + RETRY
        while len(self._failed) > MAX_FAILED:
            self._failed.popitem(last=False)

    # in a copy of the template

    def load(self, suggestion):
        """Follow a suggestion. Returns whether anything is kept now that was not.

        Raises MemoryError if that took too much memory even if nothing else were kept."""
        directory, wanted = suggestion
        kept = self._stores.pop(directory, None) or store()
        before = kept.parsed, kept.roots, kept.markers
        self._stores[directory] = kept
        with limiteddata(self._memory + MOST_MEMORY):
            while True:
                try:
                    self._load(kept, directory, wanted)
                    break
                except (OSError, ValueError):
                    break  # removed, unreadable, or in the middle of a change
                except MemoryError:
                    if len(self._stores) == 1:
                        raise
                    self._stores.popitem(last=False)
                except Exception as inst:
                    self._maximum = 0
                    self._stores.clear()
                    warn(inst)
                    return True
        while len(self._stores) > self._maximum or self._estimate() > MAX_MEMORY:
            self._stores.popitem(last=False)
        gc.freeze()  # these objects form no cycles, so no collection is needed first
        return (kept.parsed, kept.roots, kept.markers) != before

    def _estimate(self):
        return sum(kept.memory() for kept in self._stores.values())

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

    def _find(self, content, flags):
        """the index parsed from this content: bytes or a memory map"""
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
        """called in a worker: close the template's end"""
        self._suggestions.close()
        self._inworker = True

    def _want(self, directory, what, state, value):
        """state: for which to suggest the value, but only once"""
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
                pass  # the template is busy or gone; a later command suggests it again

    def _beforechange(self, orig, repo, *args, **kwargs):
        self._handedout.clear()
        return orig(repo, *args, **kwargs)

    def _makechangelog(self, orig, cl, *args, **kwargs):
        if not self._inworker or type(cl) is not changelog.changelog:  # bundlerepo appends to its changelog
            return orig(cl, *args, **kwargs)
        self._flags = flags = []
        try:
            orig(cl, *args, **kwargs)
        finally:
            self._flags = None
        # now, since in a transaction the opener is a function
        cl.hgcmdserver = storedirectory(cl.opener), flags[0] if flags else None

    def _readindex(self, orig, rl, name, *args, **kwargs):
        """saves the worker the memory, which the kernel would clear; that takes longer than reading the file"""
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
        state = length, cl.index[length - 1][7], hint  # good enough: a wrong guess costs only time
        given = self._handedout.get(id(cl.index))
        if given:
            phases, given.phases = given.phases, []
            for known, result in phases:
                if known == roots:
                    self._want(directory, 'index', state, None)  # reports a use
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


def datasize():
    """the bytes of this process's private writable memory, as RLIMIT_DATA counts them"""
    with open('/proc/self/status', 'rb') as status:
        for line in status:
            if line.startswith(b'VmData:'):
                return int(line.split()[1]) << 10
    raise OSError('no VmData in /proc/self/status')


@contextlib.contextmanager
def limiteddata(size):
    """within the context, an allocation beyond this size raises MemoryError (RLIMIT_DATA in setrlimit(2))"""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or size < soft:
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def storedirectory(vfs):
    """the directory to suggest; None if the store is not in one, as with statichttprepo"""
    join = getattr(vfs, 'join', None)
    path = join(b'00changelog.i') if join else b''
    return os.path.dirname(path) if os.path.isabs(path) else None


def openregular(path):
    """a descriptor and the size of a file; does not block on a FIFO or a device"""
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
    """whether a file has this content"""
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
