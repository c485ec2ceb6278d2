"""The first clients of a service that its socket has started.

They would wait for an answer while the JVM starts. So the launcher runs this program before all else: it accepts the
connections that are in the queue, forks a worker for each, which serves it as a spawned one, and executes the launcher
again, in the same process. The daemon receives the workers as an earlier image of it would hand them over in a reload
(Handover.java, Reexec.java).

What the daemon's options decide about workers is not known here. With an option of that kind, on the command line or
in the configuration file, all clients wait for the daemon.
"""

import fcntl
import os
import select
import signal
import socket
import sys
import time

from hgcmdserver import cancel
from hgcmdserver.peer import CREDENTIALS

LISTENER = 3  # SD_LISTEN_FDS_START in sd_listen_fds(3)
HANDOVER = b'HG_CMDSERVER_HANDOVER'
F_ADD_SEALS = 1033  # fcntl(2)
ALL_SEALS = 1 | 2 | 4 | 8  # seal, shrink, grow, write

# Options of serve that have no effect on how a worker serves its connection, or on who may connect.
INDIFFERENT = frozenset(
    (
        'address config-file debug drain drain-timeout idle-exit max-idle max-repo-cache max-template-memory '
        'max-templates min-idle poll-interval quiet socket-mode stop-timeout workers'
    ).split()
)

# As CommandServer.java has a worker's environment.
DAEMONS_OWN = (b'LISTEN_', b'NOTIFY_SOCKET', b'WATCHDOG_', b'HG_CMDSERVER_FIRST')
DEFAULTS = ((b'HGPLAIN', b'1'), (b'HGENCODING', b'UTF-8'))


def become(command, options, serve):
    """serve the first clients, and execute the command; returns in a worker that has served its connection

    command: starts the daemon; options: those of serve, which are its end; serve(): serves the connection on
    descriptors 0 and 1
    """
    environment = dict(os.environb)
    mine = None
    try:
        if isindifferent(options) and _haslistener():
            mine = _startworkers(environment)
    except Exception as inst:  # the clients wait for the daemon
        sys.stderr.write('hg-cmdserver: the first clients wait for the daemon: %s\n' % inst)
        sys.stderr.flush()
    if mine is not None:
        _becomeworker(mine)
        serve()
        return
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
        signal.signal(number, signal.SIG_DFL)
    os.execve(command[0], command, environment)


def _startworkers(environment):
    """accept connections, fork their workers, and add what the daemon needs to its environment; returns the connection
    in a worker, else None"""
    state = os.memfd_create('hg-cmdserver', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    connections = _accept(max(2, os.cpu_count() or 1))  # as SpawnSource.java: more would start no faster
    if not connections:
        return None
    cancel.secret = cancel.secret or b'%x' % int.from_bytes(os.urandom(16), 'big')
    blocking = 'blocking' if os.get_blocking(LISTENER) else 'nonblocking'
    lines = ['hg-cmdserver 1', 'listener %d inherited %s' % (LISTENER, blocking)]
    lines.append('connections %d' % len(connections))
    for connection in connections:
        try:
            pid = os.fork()
        except OSError:
            lines.append('waiting %d' % connection)
            continue
        if pid == 0:
            return connection
        # not STARTING: the daemon cannot know which of them say hello before it watches
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        lines.append('worker %d SERVING %d %d %d %d %d' % (pid, now, connection, *_peer(connection)))
    os.write(state, '\n'.join(lines + ['']).encode('ascii'))
    fcntl.fcntl(state, F_ADD_SEALS, ALL_SEALS)
    passed = [state, LISTENER] + connections
    for fd in passed:
        os.set_inheritable(fd, True)
    environment[HANDOVER] = ' '.join(map(str, [os.getpid()] + passed)).encode('ascii')
    environment[cancel.VARIABLE] = cancel.secret
    return None


def _becomeworker(connection):
    """be as a program that Child.java starts"""
    os.setpgid(0, 0)
    for number in set(range(1, signal.NSIG)) - {signal.SIGPIPE, signal.SIGXFSZ}:  # which Python ignores
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.dup2(connection, 0)
    os.dup2(connection, 1)
    os.closerange(3, 1 + max(map(int, os.listdir('/proc/self/fd'))))
    for name in list(os.environb):
        if name.startswith(DAEMONS_OWN):
            del os.environb[name]
    for name, value in DEFAULTS:
        os.environb.setdefault(name, value)


def isindifferent(options):
    """whether the options, and those in the configuration file, have no effect on a worker"""
    file = None
    words = iter(options)
    for word in words:
        if not word.startswith('-'):
            continue  # the value of the option before
        name, equals, value = word.partition('=')
        if not name.startswith('--') or name[2:] not in INDIFFERENT:
            return False
        if name == '--config-file':
            file = value if equals else next(words, '')
    try:
        with open(_defaultfile() if file is None else file, encoding='utf-8') as lines:
            return all(map(_isindifferentline, lines))
    except FileNotFoundError:
        return file is None
    except (OSError, ValueError):  # the daemon says what is wrong
        return False


def _isindifferentline(line):
    line = line.strip()
    return not line or line[0] in '#;[' or line.partition('=')[0].strip() in INDIFFERENT


def _defaultfile():
    """as ConfigPlaces.java"""
    if os.geteuid() == 0:
        directory = '/etc'
    else:
        directory = os.environ.get('XDG_CONFIG_HOME', '')
        if not directory.startswith('/'):
            directory = os.path.join(os.path.expanduser('~'), '.config')
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


def _accept(most):
    """the connections in the queue, from which nobody else accepts now"""
    connections = []
    poll = select.poll()
    poll.register(LISTENER, select.POLLIN)
    listener = socket.socket(fileno=LISTENER)
    try:
        while len(connections) < most and poll.poll(0):
            connections.append(listener.accept()[0].detach())
    except OSError:  # such as a shortage of descriptors
        pass
    finally:
        listener.detach()
    return connections


def _peer(connection):
    """pid, uid and gid"""
    sock = socket.socket(fileno=connection)
    try:
        return CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    finally:
        sock.detach()
