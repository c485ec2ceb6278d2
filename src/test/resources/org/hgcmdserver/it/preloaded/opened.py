"""Tells whether a program opens a file while it runs, or another process does meanwhile.

    opened.py FILE PROGRAM [ARGUMENT...]

prints "later" in the end if so, else "ahead".
"""

import ctypes
import os
import subprocess
import sys

IN_OPEN = 0x20


class opened:
    """a context manager that watches a file: inotify(7)"""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0 or libc.inotify_add_watch(self._fd, os.fsencode(self._path), IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), self._path)
        return self

    def __exit__(self, *exception):
        os.close(self._fd)

    def was(self):
        try:
            return bool(os.read(self._fd, 4096))
        except BlockingIOError:
            return False


def main():
    with opened(sys.argv[1]) as file:
        status = subprocess.call(sys.argv[2:])
        print('later' if file.was() else 'ahead')
    sys.exit(status)


if __name__ == '__main__':
    main()
