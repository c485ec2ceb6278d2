"""Keeps the ui with which it was loaded, as extensions do that define functions in uisetup."""

from mercurial import registrar

cmdtable = {}
command = registrar.command(cmdtable)
kept = []


def uisetup(ui):
    kept.append(ui)


@command(b'kept', [], b'', optionalrepo=True)
def show(ui, repo):
    """what the kept ui says, and this command's"""
    for each in (kept[0], ui):
        values = [each.config(b'x', name, b'-') for name in (b'y', b'z')]
        ui.write(b'%s %d %d %d\n' % (b' '.join(values), each.verbose, each.quiet, each.debugflag))
        each.status(b'status\n')
        each.note(b'note\n')
    kept[0].setconfig(b'x', b'w', b'set')
    ui.write(ui.config(b'x', b'w', b'-') + b'\n')
