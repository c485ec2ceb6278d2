"""Standard error of processes whose messages go to the daemon's log, and may contain what a client has sent."""

import re
import sys

from mercurial import dispatch
from mercurial.utils import procutil

# all controls but the tab and the newline, also those of ISO 8859-1
CONTROLS = dict.fromkeys([code for code in range(160) if not 32 <= code < 127 and code not in (9, 10)], '?')

COLOUR = re.compile('\x1b\\[[0-9;]*m')

# journald takes such a beginning of a line for the line's priority (sd-daemon(3))
PRIORITY = re.compile('^<(?=[0-9]+>)', re.MULTILINE)


def text(written):
    """what the log shows of it"""
    return PRIORITY.sub('?', COLOUR.sub('', written).translate(CONTROLS))


class _stream:
    def __init__(self, stream):
        self._stream = stream

    def write(self, data):
        if isinstance(data, str):
            self._stream.write(text(data))
        else:
            shown = text(bytes(data).decode('utf-8', 'backslashreplace'))
            self._stream.write(shown.encode('utf-8', 'backslashreplace'))
        return len(data)

    def __getattr__(self, name):
        return getattr(self._stream, name)


def log():
    """have what this process writes to its standard error reach the log as text; call this before Mercurial makes a ui"""
    procutil.stderr = _stream(procutil.stderr)
    original = dispatch.initstdio

    def initstdio():
        original()
        sys.stderr = _stream(sys.stderr)

    dispatch.initstdio = initstdio
