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

SETUP = b"""
    init %r
    add --cwd %r
    commit --cwd %r -m one -u rehearsal
    branch other --cwd %r
    commit --cwd %r -m two -u rehearsal
    update --cwd %r 0
    tag v1 --cwd %r -u rehearsal
    bookmark --cwd %r mark
"""

# Only commands that exist: for one that does not, Mercurial loads every extension there is.
TEMPLATE = b"""
    log -R %r
    log -R %r -G
    log -R %r -l1 -p
    log -R %r -v --stat -l1
    log -R %r -l1 -Tjson
    log -R %r -r only(tip,0) --debug
    log -R %r -r tip -T {node}{rev}{desc}{branch}{tags}{bookmarks}{parents}
    status -R %r
    identify -R %r
    identify -R %r -nibt
    summary -R %r
    diff -R %r
    diff -R %r -c tip
    diff -R %r -c 1 --git
    parents -R %r
    heads -R %r
    tip -R %r
    branch -R %r
    branches -R %r
    tags -R %r
    bookmarks -R %r
    manifest -R %r
    files -R %r
    cat -R %r %r/dir/b
    annotate -R %r %r/a
    export -R %r tip
    phase -R %r -r tip
    resolve -R %r -l
    paths -R %r
    root -R %r
    config -R %r ui
    version
"""

# What editors and prompts ask for; each further command costs an idle worker memory.
WORKER = b"""
    log -R %r -l1
    status -R %r
"""


def isolated(ui):
    """a copy of a ui whose commands run nothing of the user's"""
    ui = ui.copy()
    ui.callhooks = False  # of the user's extensions and hooks, the hooks can be left out
    return ui


class rehearsal:
    def __init__(self, ui, path, makeserver):
        self.path = path
        self._mark = os.path.join(path, b'.hg', b'requires')  # goes before all else
        self._makeserver = makeserver
        self._lock = None
        self.ui = isolated(ui)

    def create(self):
        """make the private repository, in a directory that is empty or missing"""
        os.makedirs(os.path.join(self.path, b'dir'), exist_ok=True)
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH)  # systemd-tmpfiles takes it for unused else
        except OSError:
            pass  # a file system without locks
        past = time.time() - 60  # else status would read the files each time
        for name in (b'a', b'dir/b', b'dir/c'):
            path = os.path.join(self.path, name)
            with open(path, 'wb') as f:
                f.write(b'line\n' * 20)
            os.utime(path, (past, past))
        said = io.BytesIO()
        self.run(SETUP, said)
        # with half a repository the template would never be warm: better it is started again later
        for number in (errno.ENOSPC, errno.EDQUOT):
            if os.strerror(number).encode() in said.getvalue():
                raise OSError(number, os.strerror(number))

    def close(self):
        """called in a worker: the lock is the template's"""
        os.close(self._lock)

    def delete(self):
        """remove the private repository; a worker that is in the middle of a rehearsal does the rest"""
        try:
            os.unlink(self._mark)
        except OSError:
            pass  # the daemon was first
        shutil.rmtree(self.path, ignore_errors=True)

    def tidyup(self):
        """to be called after a rehearsal: its commands may have made anew what was being deleted"""
        if not os.path.exists(self._mark):
            shutil.rmtree(self.path, ignore_errors=True)

    def run(self, commands, said=None, prereposetups=None):
        """run each line as a request; a server of its own for each, lest anything be left over

        said: a stream for what they answer"""
        with open(os.devnull, 'wb') as devnull:
            fout = said or devnull
            for line in commands.split(b'\n'):
                args = b'\0'.join(line.replace(b'%r', self.path).split())
                if not args:
                    continue
                fin = io.BytesIO(b'runcommand\n' + struct.pack(b'>I', len(args)) + args)
                sv = self._makeserver(self.ui, None, fin, fout, prereposetups)
                try:
                    sv.serve()
                except Exception:
                    pass  # an extension may make a command fail here, as mq does with summary
                finally:
                    sv.cleanup()
