"""Directories of templates that were killed together with their daemon: nobody else would remove them."""

import fcntl
import itertools
import os
import shutil
import stat
import time

# Longer than a template takes from the making of its directory to the lock on it.
AGE = 3600  # seconds

# A directory for temporary files that has more entries than this is not searched to its end.
MAX_ENTRIES = 10000


def remove(own):
    """remove those beside this directory, which a template has just been given"""
    parent, name = os.path.split(own)
    prefix = name[: name.rindex(b'-') + 1]
    try:
        with os.scandir(parent) as entries:
            for entry in itertools.islice(entries, MAX_ENTRIES):
                if entry.name.startswith(prefix) and entry.path != own:
                    _removeunused(entry.path)
    except OSError:
        pass  # a directory that its users can enter, but not read


def _removeunused(path):
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # another user's, a file or a link, or gone by now
    try:
        # an empty one may belong to a template that waits for room, without a lock; as soon as there is room, it is
        # as young as its first file
        if _isunlocked(directory) and os.listdir(directory) and _isold(os.fstat(directory)):
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass
    finally:
        os.close(directory)


def _isold(status):
    ours = status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == 0o700
    return ours and status.st_mtime < time.time() - AGE


def _isunlocked(directory):
    """False also on a file system without locks"""
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
