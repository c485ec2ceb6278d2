"""Looks at many things while it is loaded, and sets something."""

import os

from mercurial import encoding, registrar

cmdtable = {}
command = registrar.command(cmdtable)
seen = []


def uisetup(ui):
    seen.append(ui.config(b'x', b'z', b'-'))
    seen.append(b','.join(b'%s=%s' % item for item in ui.configitems(b'things')))
    seen.append(b'verbose' if ui.verbose else b'-')
    if ui.config(b'alias', b'said') is None:
        ui.setconfig(b'alias', b'said', b'log -l1 -T "{rev} said\\n"', b'reads')


def extsetup(ui):
    seen.append(encoding.environ.get(b'FOO', b'-'))
    seen.append(b'flag' if os.path.exists(os.path.join(os.path.dirname(__file__), 'flag')) else b'-')


@command(b'seen', [], b'', optionalrepo=True)
def show(ui, repo):
    """what there was to be seen"""
    ui.write(b'%s\n' % b' '.join(seen))
