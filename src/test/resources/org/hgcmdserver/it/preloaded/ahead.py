"""Tells whether it was loaded before a client started."""

import time

from mercurial import registrar

LOADED = time.time()
cmdtable = {}
command = registrar.command(cmdtable)


@command(b'ahead', [], b'', optionalrepo=True)
def show(ui, repo, started):
    """says "ahead" if it was loaded before this time"""
    ui.write(b'ahead\n' if LOADED < float(started) else b'later\n')
