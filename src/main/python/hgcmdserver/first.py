"""The first clients of a service that its socket has started.

They would wait for an answer while the JVM starts. So the launcher runs this program before all else: it accepts the
connections that are in the queue, forks a worker for each, which serves it as a spawned one would, and executes the
launcher again, in the same process. The daemon receives the workers as an earlier image of it would hand them over in a
reload (Handover.java, Reexec.java).

What the daemon's options say about workers is not known here. With an option of that kind, on the command line or in
the configuration file, all clients wait for the daemon. If the daemon then cannot start, the first clients are served
all the same.
"""

import fcntl
import os
import pwd
import select
import signal
import socket
import stat
import sys
import time

from hgcmdserver import cancel, expendable
from hgcmdserver.peer import CREDENTIALS, OVERFLOWUID

LISTENER = 3  # SD_LISTEN_FDS_START in sd_listen_fds(3)
HANDOVER = b'HG_CMDSERVER_HANDOVER'
F_ADD_SEALS = 1033  # fcntl(2)
ALL_SEALS = 1 | 2 | 4 | 8  # seal, shrink, grow, write
BLOCKED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
MOST = 4  # connections, so that their descriptors stay below those that shells use

# Options of serve that have no effect on how a worker serves its connection, or on who may connect.
NOT_ABOUT_WORKERS = frozenset(
    (
        'address config-file debug drain drain-timeout idle-exit max-idle max-repo-cache max-template-memory '
        'max-templates min-idle poll-interval quiet socket-mode stop-timeout workers'
    ).split()
)

# An option that matters only if its limit is lower than the number of connections that are accepted here.
PER_USER = 'max-workers-per-user'

# As CommandServer.java has a worker's environment; HG_CMDSERVER_FIRST is the launcher's.
DAEMONS_OWN = (b'LISTEN_', b'NOTIFY_SOCKET=', b'WATCHDOG_', b'HG_CMDSERVER_FIRST=')
DEFAULTS = ((b'HGPLAIN', b'1'), (b'HGENCODING', b'UTF-8'))


def startworkers(options):
    """accept connections and fork their workers; returns the environment that the daemon needs, or None in a worker,
    which has its connection as descriptors 0 and 1

    options: those of serve
    """
    environment = dict(os.environb)
    if _areaboutworkers(options) or not _haslistener() or not hasattr(os, 'memfd_create'):
        return environment
    state = os.memfd_create('hg-cmdserver', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)  # none is fatal between accept and fork
    connections = [] if set(BLOCKED) & signal.sigpending() else _accept(most())
    cancel.secret = cancel.secret or b'%x' % int.from_bytes(os.urandom(16), 'big')
    lines = []
    for connection in connections:
        try:
            pid = os.fork()
        except OSError:  # such as a limit of the unit's: the client waits for the daemon
            lines.append('waiting %d' % connection)
            continue
        if pid == 0:
            try:
                _becomeworker(connection)
            except BaseException:  # it must not become another daemon
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            return None
        # not STARTING: the daemon cannot know which of them say hello before it watches
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        lines.append('worker %d SERVING %d %d %d %d %d' % (pid, now, connection, *_peer(connection)))
    if lines:
        environment.update(_handover(state, connections, lines))
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return environment


def _handover(state, connections, lines):
    """the variables for Reexec.java, after the text of Handover.java has been written to the descriptor"""
    blocking = 'blocking' if os.get_blocking(LISTENER) else 'nonblocking'
    text = ['hg-cmdserver 1', 'listener %d inherited %s' % (LISTENER, blocking)]
    text.append('connections %d' % sum(line.startswith('worker') for line in lines))
    os.write(state, '\n'.join(text + lines + ['']).encode('ascii'))
    fcntl.fcntl(state, F_ADD_SEALS, ALL_SEALS)
    passed = [state, LISTENER] + connections
    for fd in passed:
        os.set_inheritable(fd, True)
    return {
        HANDOVER: ' '.join(map(str, [os.getpid()] + passed)).encode('ascii'),
        cancel.VARIABLE: cancel.secret,
    }


def most():
    """how many connections are accepted: more workers would start no faster (SpawnSource.java)"""
    return min(MOST, max(2, len(os.sched_getaffinity(0))))


def _becomeworker(connection):
    """be as a program that Child.java starts"""
    os.setpgid(0, 0)
    expendable.become()
    for number in set(range(1, signal.NSIG)) - {signal.SIGPIPE, signal.SIGXFSZ}:  # which Python ignores
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.dup2(connection, 0)
    os.dup2(connection, 1)
    os.closerange(LISTENER, connection + MOST)  # first, since there may be no descriptor left for the list
    os.closerange(LISTENER, 1 + max(map(int, os.listdir('/proc/self/fd'))))
    for name in list(os.environb):
        if (name + b'=').startswith(DAEMONS_OWN):
            del os.environb[name]
    for name, value in DEFAULTS:
        os.environb.setdefault(name, value)


def _canbechanged(file):
    """whether others than this user and root can write to the open file: the daemon refuses it (SafePath.java)"""
    status = os.fstat(file.fileno())
    others = 0o002 if os.geteuid() else 0o022
    ours = stat.S_ISREG(status.st_mode) and status.st_uid in (0, os.geteuid())
    return not ours or bool(status.st_mode & others)


def _opennonblocking(path, flags):
    return os.open(path, flags | os.O_NONBLOCK)


def _areaboutworkers(options):
    """whether an option, or one in the configuration file, has an effect on workers"""
    file = None
    words = iter(options)
    for word in words:
        if not word.startswith('-'):
            continue  # the value of the option before
        name, equals, value = word.partition('=')
        if name in ('--config-file', '--' + PER_USER) and not equals:
            value = next(words, '')
        if not name.startswith('--') or _isaboutworkers(name[2:], value):
            return True
        if name == '--config-file':
            file = value
    try:
        # a FIFO is the daemon's to read
        path = defaultfile() if file is None else file
        with open(path, encoding='utf-8', opener=_opennonblocking) as lines:
            return _canbechanged(lines) or any(map(_islineaboutworkers, lines))
    except FileNotFoundError:
        return file is not None
    except (OSError, ValueError):  # the daemon says what is wrong
        return True


def _islineaboutworkers(line):
    line = line.strip()
    name, _equals, value = line.partition('=')
    return line[:1] not in ('', '#', ';', '[') and _isaboutworkers(name.strip(), value.strip())


def _isaboutworkers(name, value):
    if name == PER_USER:
        return value != 'infinity' and not (value.isdecimal() and len(value) < 10 and int(value) >= MOST)
    return name not in NOT_ABOUT_WORKERS


def defaultfile():
    """the configuration file, as ConfigPlaces.java finds it"""
    directory = os.environ.get('XDG_CONFIG_HOME', '')
    if os.geteuid() == 0:
        directory = '/etc'
    elif not directory.startswith('/'):
        home = os.environ.get('HOME', '')
        directory = os.path.join(home if home.startswith('/') else pwd.getpwuid(os.geteuid()).pw_dir, '.config')
    return os.path.join(directory, 'hg-cmdserver/hg-cmdserver.conf')


def _haslistener():
    """whether the descriptor is what the daemon takes: a listening AF_UNIX stream socket"""
    try:
        listener = socket.socket(fileno=LISTENER)
    except OSError:  # the daemon says what is wrong
        return False
    try:
        islistening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        return islistening and (listener.family, listener.type) == (socket.AF_UNIX, socket.SOCK_STREAM)
    finally:
        listener.detach()


def _accept(number):
    """accept connections that are in the queue, and return them; no other process accepts from it now"""
    connections = []
    poll = select.poll()
    poll.register(LISTENER, select.POLLIN)
    listener = socket.socket(fileno=LISTENER)
    try:
        while len(connections) < number and poll.poll(0):
            connections.append(listener.accept()[0].detach())
    except OSError:  # such as a shortage of descriptors
        pass
    finally:
        listener.detach()
    return connections


def _peer(connection):
    """pid, uid and gid; a uid of -1 is not known, also to PeerCredentials.java"""
    sock = socket.socket(fileno=connection)
    try:
        pid, uid, gid = CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        return pid, -1 if uid == OVERFLOWUID else uid, gid
    finally:
        sock.detach()
