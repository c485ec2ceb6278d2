"""Standard error of processes whose messages go to the daemon's log, and may contain what a client has sent."""

import re
import sys

from mercurial.utils import procutil

# but for the tab and the newline
CONTROLS = [code for code in list(range(32)) + [127] if code not in (9, 10)]
BYTES = bytes(ord('?') if code in CONTROLS else code for code in range(256))
TEXT = dict.fromkeys(CONTROLS + list(range(128, 160)), '?')

# journald takes such a beginning of a line for the line's priority (sd-daemon(3))
PRIORITY = re.compile(b'^<(?=[0-9]+>)', re.MULTILINE)
TEXTPRIORITY = re.compile('^<(?=[0-9]+>)', re.MULTILINE)


class _stream:
    def __init__(self, stream):
        self._stream = stream

    def write(self, data):
        if isinstance(data, str):
            shown = TEXTPRIORITY.sub('?', data.translate(TEXT))
        else:
            shown = PRIORITY.sub(b'?', bytes(data).translate(BYTES))
        self._stream.write(shown)
        return len(data)

    def __getattr__(self, name):
        return getattr(self._stream, name)


def log():
    """have what this process writes to its standard error reach the log as text; call this before Mercurial makes a ui"""
    procutil.stderr = _stream(procutil.stderr)
    sys.stderr = _stream(sys.stderr)
