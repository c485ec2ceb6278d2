"""The process at the other end of a connection, and the name of its user."""

import os
import pwd
import socket
import struct
import sys

CREDENTIALS = struct.Struct('iII')  # struct ucred in unix(7)


def _overflowuid():
    """the uid that the kernel reports in place of all those that this user namespace does not have
    (user_namespaces(7))"""
    try:
        with open('/proc/sys/kernel/overflowuid') as file:
            return int(file.read())
    except (OSError, ValueError):
        return 65534 if sys.platform == 'linux' else -1  # as OverflowIds.java


OVERFLOWUID = _overflowuid()


def isown(uid):
    """whether a client with this uid is certainly this process's own user"""
    return uid == os.geteuid() and uid != OVERFLOWUID


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
    """the name and the address with which a user signs commits, of the user database (passwd(5)): "Alice A", or
    nothing, and "alice@domain"; None if the database does not have the user. domain: the host's name if empty, which
    may ask a name server"""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return None
    login = user.pw_name.rpartition('\\')[2]  # winbind has DOMAIN\login, and sssd login@domain
    name = user.pw_gecos.split(',')[0].replace('&', login.capitalize())
    name = ' '.join(name.translate(str.maketrans('<>"', '   ')).split())
    return name, login if '@' in login else '%s@%s' % (login, domain or socket.getfqdn())
