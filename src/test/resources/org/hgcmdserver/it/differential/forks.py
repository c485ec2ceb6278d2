"""Runs many commands, each in a child of this one process, which has loaded Mercurial."""

import os

from mercurial import dispatch, registrar

cmdtable = {}
command = registrar.command(cmdtable)


@command(b'forks', [], b'LIST', norepo=True)
def forks(ui, path):
    """each line of LIST: a name for the answer, and arguments, with NULs between"""
    with open(path, 'rb') as f:
        lines = f.read().splitlines()
    for line in lines:
        name, *arguments = line.split(b'\0')
        pid = os.fork()
        if pid == 0:
            for fd, kind in ((1, b'.out'), (2, b'.err')):
                os.dup2(os.open(name + kind, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), fd)
            status = 254
            try:
                request = dispatch.request(arguments)
                status = dispatch.dispatch(request) & 255
            finally:
                for stream in (request.ui.fout, request.ui.ferr):
                    stream.flush()
                os._exit(status)
        status = os.waitpid(pid, 0)[1]
        with open(name + b'.status', 'wb') as f:
            f.write(b'%d' % os.WEXITSTATUS(status))
