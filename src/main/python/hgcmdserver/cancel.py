"""Cancel requests, for clients of another user, who cannot signal their worker's process group (EPERM in kill(2)).

Such a client asks for it over another connection, as PostgreSQL's clients do: the request "cancel" names a signal, the
worker and the key that the worker's hello has. Whichever worker gets the request sends the signal. The workers of a
daemon have a secret in common, of which each key is made; so a key holds for one worker and for clients of one user.
"""

import os
import signal

VARIABLE = b'HG_CMDSERVER_CANCEL'  # CancelSecret.java; it must not reach hooks
SIGNALS = (b'INT', b'QUIT', b'TERM', b'HUP')

secret = os.environb.pop(VARIABLE, b'')


def restore():
    """call this before execve(2) of another strict server"""
    if secret:
        os.environb[VARIABLE] = secret


def key(pid, uid):
    """the key of this worker for clients of the user; None if there is none"""
    import hmac  # takes a millisecond, which most clients need not wait for

    start = _start(pid)
    if not secret or not start:
        return None
    return hmac.new(secret, b'%d %s %d' % (pid, start, uid), 'sha256').hexdigest().encode('ascii')


def _start(pid):
    """when the process started, in clock ticks since the boot: with this, a later process with that number is
    another one (proc_pid_stat(5))"""
    try:
        with open('/proc/%d/stat' % pid, 'rb') as stat:
            return stat.read().rpartition(b')')[2].split()[19]
    except OSError:
        return b''


def handle(arguments, uid):
    """send the signal that a client of the user requests; returns why not, or None"""
    import hmac

    if len(arguments) != 3 or arguments[0] not in SIGNALS or not arguments[1].isdigit() or len(arguments[1]) > 9:
        return 'a cancel request has a signal (INT, QUIT, TERM or HUP), a pid and a key'
    pid = int(arguments[1])
    expected = key(pid, uid)
    if expected is None or not hmac.compare_digest(expected, arguments[2]):
        return 'no worker has this pid and this key; it has ended, or the server was started anew since'
    try:
        os.killpg(pid, getattr(signal, 'SIG' + arguments[0].decode('ascii')))
    except OSError as inst:
        return 'cannot signal process group %d: %s' % (pid, inst.strerror)
    return None
