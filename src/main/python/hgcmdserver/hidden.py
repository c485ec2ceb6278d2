"""The directories of users that a unit hides from its service (ProtectHome= in systemd.exec(5)), as the packages' unit
of the shared server does. Mercurial says "Permission denied" there, as if the permissions were wrong."""

import os

from hgcmdserver import title

HIDEABLE = (b'/home', b'/root', b'/run/user')

HINT = (
    'hg-cmdserver: this service cannot see %s, whatever the permissions (ProtectHome= in its unit). A repository there '
    'is for a server of the user\'s own: systemctl --user enable --now hg-cmdserver.socket, or, for root to start, '
    'hg-cmdserver@%s.socket. From a directory there, "hg-cmdserver run" needs --server-directory.\n'
)


def hint(arguments, uid):
    """what to say about a command that has been aborted; None if it has named nothing that is hidden"""
    for directory in HIDEABLE:
        if any(_isbelow(directory, argument) for argument in arguments) and _ishidden(directory):
            return (HINT % (os.fsdecode(directory), title.name(uid))).encode('utf-8', 'surrogateescape')
    return None


def _isbelow(directory, argument):
    """whether the argument is a path, or an option with one, of this directory or below it"""
    path = argument
    if argument.startswith(b'--'):
        path = argument.partition(b'=')[2]
    elif argument.startswith(b'-R'):
        path = argument[2:]
    elif argument.startswith(b'file:'):
        path = b'/' + argument[len(b'file:') :].lstrip(b'/')
    return path == directory or path.startswith(directory + b'/')


def _ishidden(directory):
    """whether systemd has put its inaccessible directory there: no user's directories are without permissions"""
    try:
        return os.stat(directory).st_mode & 0o777 == 0
    except OSError:
        return False
