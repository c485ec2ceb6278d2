"""Real commands, run in this process on a private repository, without hooks and without output.

The template imports, and lets Python specialize, what they need; a worker copies the pages that they
write to (about a thousand) before there is a client who would wait for that.
"""

import errno
import fcntl
import io
import os
import shutil
import struct
import time

# The repository's path is in none of these lines, for they are split at blanks. Only commands that
# exist: for one that does not, Mercurial loads every extension there is.
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

# What editors and prompts ask for; each further command costs an idle worker memory.
WORKER = b"""
    log -l1
    status
"""


class Failed(Exception):
    """a command of a rehearsal that does not work; the message is the reason"""


class NoRoom(Failed):
    """no room for the private repository, which there may be later"""


class rehearsal:
    def __init__(self, isolation, path, makeserver):
        """isolation: see isolation.py; path: of a directory that is empty"""
        self.path = path
        self.ui = isolation.ui
        self._isolation = isolation
        self._mark = os.path.join(path, b'.hg', b'requires')  # goes before all else
        self._makeserver = makeserver
        self._directory = None

    def create(self):
        """make the private repository; on a failure nothing is left of it but the directory, for
        another attempt"""
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
            # systemd-tmpfiles takes it for unused else
            fcntl.flock(self._directory, fcntl.LOCK_SH)
        except OSError:
            pass  # a file system without locks
        past = time.time() - 60  # else status would read the files each time
        for name in (b'a', b'dir/b', b'dir/c'):
            path = os.path.join(self.path, name)
            with open(path, 'wb') as f:
                f.write(b'line\n' * 20)
            os.utime(path, (past, past))
        self._check([[b'init', self._repository()]])
        self._check(self._commands(SETUP))

    def warmup(self):
        """run what a template runs. An extension may make a command fail here; of those that each
        worker runs none may."""
        self.run(TEMPLATE)
        self._check(self._commands(WORKER))
        return True

    def run(self, commands):
        """run each line as a request"""
        with open(os.devnull, 'wb') as devnull:
            for args in self._commands(commands):
                self._request(args, devnull)

    def close(self):
        """to be called in a worker that rehearses no more: lock and directory are the template's"""
        if self._directory is not None:
            os.close(self._directory)
            self._directory = None

    def delete(self):
        """remove the private repository; a worker that is in the middle of a rehearsal does the rest"""
        try:
            os.unlink(self._mark)
        except OSError:
            pass  # the daemon was first
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def tidyup(self):
        """to be called after a rehearsal: its commands may have made anew what was being deleted"""
        if not os.path.exists(self._mark):
            shutil.rmtree(self.path, ignore_errors=True)

    def _repository(self):
        """a name of the directory that Mercurial takes for nothing but a path: of its real one it
        takes a fragment off ("#"), and expands variables ("$") and users ("~"). Not --cwd: after it
        the server goes back by path, and a daemon may be in a directory that its user cannot enter;
        and where .hg is gone Mercurial looks for a repository further up."""
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
        """a server of its own for each, lest anything be left over"""
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
    """the status that the server's frames tell, or None, and what they have for stderr"""
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
