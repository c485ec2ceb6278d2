"""Real commands, run in this process on a private repository, without hooks and without output.

In the template a rehearsal imports the code of these commands and lets Python specialize it. In a worker it
copies the pages that they write to (about a thousand) before a client has to wait for that.
"""

import errno
import fcntl
import io
import os
import shutil
import struct
import time

# No line contains the repository's path, since the lines are split at blanks. List only commands that
# exist: for an unknown command Mercurial loads every extension.
SETUP = b"""
    add
    commit -m one -u rehearsal
    branch other
    commit -m two -u rehearsal
    update 0
    tag v1 -u rehearsal
    bookmark mark
"""

TEMPLATE = b"""
    log
    log -G
    log -l1 -p
    log -v --stat -l1
    log -l1 -Tjson
    log -r only(tip,0) --debug
    log -r tip -T {node}{rev}{desc}{branch}{tags}{bookmarks}{parents}
    status
    identify
    identify -nibt
    summary
    diff
    diff -c tip
    diff -c 1 --git
    parents
    heads
    tip
    branch
    branches
    tags
    bookmarks
    manifest
    files
    cat path:dir/b
    annotate path:a
    export tip
    phase -r tip
    resolve -l
    paths
    root
    config ui
    version
"""

# The commands of editors and prompts; each further command costs memory in every idle worker.
WORKER = b"""
    log -l1
    status
"""

# Those of workers for chg. The last two take 1 MB more in each, and then run in a twentieth less time for a client.
FOR_CHG = (
    WORKER
    + b"""
    identify
    diff -c tip
"""
)


class Failed(Exception):
    """a command of a rehearsal fails; the message is the reason"""


class NoRoom(Failed):
    """no room for the private repository; a later attempt may succeed"""


class rehearsal:
    def __init__(self, isolation, path, makeserver):
        """isolation: see isolation.py; path: of an empty directory"""
        self.path = path
        self.ui = isolation.ui
        self._isolation = isolation
        self._mark = os.path.join(path, b'.hg', b'requires')  # deleted before all other files
        self._makeserver = makeserver
        self._directory = None

    def create(self):
        """make the private repository; a failure leaves only the empty directory, for another
        attempt"""
        try:
            self._create()
        except Exception as inst:
            self.close()
            for entry in os.scandir(self.path):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
            if any(os.strerror(number) in str(inst) for number in (errno.ENOSPC, errno.EDQUOT)):
                raise NoRoom(str(inst))
            raise

    def _create(self):
        os.mkdir(os.path.join(self.path, b'dir'))
        self._directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # without a lock systemd-tmpfiles considers the directory unused
            fcntl.flock(self._directory, fcntl.LOCK_SH)
        except OSError:
            pass  # a file system without locks
        past = time.time() - 60  # so that status does not read the files each time
        for name in (b'a', b'dir/b', b'dir/c'):
            path = os.path.join(self.path, name)
            with open(path, 'wb') as f:
                f.write(b'line\n' * 20)
            os.utime(path, (past, past))
        self._check([[b'init', self._repository()]])
        self._check(self._commands(SETUP))

    def warmup(self):
        """run the template's commands. An extension may make one of them fail, but the commands that
        each worker runs must succeed."""
        self.run(TEMPLATE)
        self._check(self._commands(WORKER))
        return True

    def run(self, commands, request=None):
        """run each line as a request, or by request(arguments, fout)"""
        with open(os.devnull, 'wb') as devnull:
            for args in self._commands(commands):
                if request is None:
                    self._request(args, devnull)
                    continue
                with self._isolation:
                    request(args, devnull)

    def isolate(self, isolation):
        """rehearse in another isolation"""
        self._isolation = isolation

    def close(self):
        """called in a worker after its last rehearsal; the template keeps lock and directory"""
        if self._directory is not None:
            os.close(self._directory)
            self._directory = None

    def delete(self):
        """remove the private repository; a worker still in a rehearsal removes the rest (tidyup)"""
        try:
            os.unlink(self._mark)
        except OSError:
            pass  # the daemon has already deleted it
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def tidyup(self):
        """called after a rehearsal, whose commands may have recreated files that the template deleted"""
        if not os.path.exists(self._mark):
            shutil.rmtree(self.path, ignore_errors=True)

    def _repository(self):
        """a name of the directory that Mercurial reads only as a path: from the real path it strips a
        fragment ("#"), and expands variables ("$") and users ("~"). Not --cwd: afterwards the server
        changes back by path, and the daemon's directory may be one that its user cannot enter; and if
        .hg is gone, Mercurial searches the parent directories for a repository."""
        return b'/proc/self/fd/%d' % self._directory

    def _commands(self, text):
        """a command's arguments for each line; -R comes first, for HGPLAIN=+strictflags"""
        repository = [b'-R', self._repository()]
        return [repository + line.split() for line in text.splitlines() if line.strip()]

    def _check(self, commands):
        for args in commands:
            said = io.BytesIO()
            self._request(args, said)
            status, errors = answer(said.getvalue())
            if status != 0:
                name = b' '.join(args).replace(self._repository(), b'.')
                raise Failed('%s ended with status %s: %s' % (text(name), status, text(errors.strip())))

    def _request(self, args, fout):
        """run a request on a new server, so that no state is left over"""
        data = b'\0'.join(args)
        fin = io.BytesIO(b'runcommand\n' + struct.pack(b'>I', len(data)) + data)
        with self._isolation:
            sv = self._makeserver(self.ui, None, fin, fout)
            try:
                sv.serve()
            except Exception:
                pass  # an extension may make a command fail here
            finally:
                sv.cleanup()


def answer(data):
    """the status in the server's frames, or None, and their output for stderr"""
    status, errors = None, b''
    while len(data) >= 5:
        channel, length = struct.unpack(b'>cI', data[:5])
        if channel.isupper():
            length = 0
        content, data = data[5 : 5 + length], data[5 + length :]
        if channel == b'r':
            status = struct.unpack(b'>i', content)[0]
        elif channel == b'e':
            errors += content
    return status, errors


def text(data):
    return data[-500:].decode('utf-8', 'backslashreplace')
