"""Gives inputs to strict servers in this process, and reports how often a server ended in which way.

    anybytes.py LIBRARY <INPUTS

LIBRARY is the directory of the package hgcmdserver. Each line of the standard input has the bytes that one
client sends, in hexadecimal. An exception other than those that a worker expects, and an answer that is not
made of whole messages, end this program.
"""

import collections
import io
import struct
import sys

sys.path.insert(0, sys.argv[1])

from mercurial import error, ui as uimod

from hgcmdserver import strictserver


def check(answer):
    """the answer consists of whole messages (the command server's protocol)"""
    at = 0
    while at < len(answer):
        channel, length = struct.unpack_from('>cI', answer, at)
        at += 5
        if channel not in b'IL':  # which ask for input, and have no data
            at += length
    if at > len(answer):
        raise ValueError('an answer ends within a message: %r' % answer[-100:])


makeserver = strictserver.maker(strictserver.settings(64 << 20, 0))
ui = uimod.ui.load()
ends = collections.Counter()
for line in sys.stdin:
    fout = io.BytesIO()
    server = makeserver(ui.copy(), None, io.BytesIO(bytes.fromhex(line)), fout)
    try:
        end = 'incomplete' if server.serve() else 'complete'
    except error.Abort:
        end = 'unknown'
    finally:
        server.cleanup()
    check(fout.getvalue())
    ends[end] += 1
for end in sorted(ends):
    print(end, ends[end])
