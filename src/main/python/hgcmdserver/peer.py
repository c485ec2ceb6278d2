"""The process at the other end of a connection, and the name of its user."""

import os
import pwd
import socket
import struct

CREDENTIALS = struct.Struct('3i')  # struct ucred in unix(7)


def credentials(fd):
    """pid and uid, as of connect(2); pid 0 and uid -1 if they are not known"""
    try:
        sock = socket.socket(fileno=fd)
    except OSError:  # not a socket
        return 0, -1
    try:
        return CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))[:2]
    except (AttributeError, OSError):  # not Linux
        return 0, -1
    finally:
        sock.detach()


def author(uid, domain):
    """How a user signs commits, of the name and the login in the user database (passwd(5)): "Alice A <alice@domain>";
    None if the database does not have the user. domain: the host's name if empty, which may ask a name server."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return None
    full = user.pw_gecos.split(',')[0].replace('&', user.pw_name.capitalize())
    full = ' '.join(full.translate(str.maketrans('<>"', '   ')).split())
    address = '%s@%s' % (user.pw_name, domain or socket.getfqdn())
    return os.fsencode('%s <%s>' % (full, address) if full else address)
