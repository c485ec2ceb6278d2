"""Users of one server, for ThreeUsersIT: "attack" or "use", until the standard input ends. Then prints how often
each thing was done, one thing in a line.

    users.py attack|use SOCKET DIRECTORY PROGRAM   DIRECTORY holds the files of makeRepositories
"""

import collections
import contextlib
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

# Between attacks, in seconds: they are about what the daemon does, not about who gets the processor.
PAUSE = 0.1
LONG_PAUSE = 2
PATIENCE = 60  # seconds

SHARE = 40  # of workers

role, address, directory, program = sys.argv[1:]
over = threading.Event()
done = collections.Counter()
failures = []
things = set()


class refused(Exception):
    pass


class client:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        self.input = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.input.close()
        self.socket.close()

    def frame(self):
        header = self.input.read(5)
        if len(header) < 5:
            raise EOFError('the connection has ended')
        channel, length = struct.unpack('>cI', header)
        return channel, b'' if channel in b'IL' else self.input.read(length)

    def hello(self):
        channel, data = self.frame()
        if channel == b'e':
            raise refused(data.decode())
        self.greeting = data.decode()
        return self

    def ask(self, *words):
        block = b'\0'.join(word.encode() for word in words)
        self.socket.sendall(b'runcommand\n' + struct.pack('>I', len(block)) + block)

    def run(self, *words):
        self.ask(*words)
        out, err = b'', b''
        while True:
            channel, data = self.frame()
            if channel == b'o':
                out += data
            elif channel == b'e':
                err += data
            elif channel == b'r':
                return struct.unpack('>i', data)[0], out.decode(), err.decode()


def path(*names):
    return os.path.join(directory, *names)


def repeat(pause, action):
    def loop():
        while not over.is_set():
            try:
                action()
                done[action.__name__] += 1
            except (OSError, EOFError, refused) as inst:
                if role == 'use':
                    failures.append(repr(inst))
                # else at the limit of connections, or the daemon has ended this one
            time.sleep(pause)

    things.add(action.__name__)
    threading.Thread(target=loop).start()


# the attacker


def askandneverread():
    with client() as one:
        one.hello().ask('cat', '--cwd', path('mine'), 'big')
        poll = select.poll()
        poll.register(one.socket, 0)  # POLLHUP
        while not poll.poll(100):
            if over.is_set():
                return


def halfarequest():
    with client() as one:
        one.hello().socket.sendall(b'runcommand\n\0\0')
        one.input.read(1)


def anybytes():
    with client() as one:
        one.hello().socket.sendall(os.urandom(random.randrange(200)))
        one.socket.shutdown(socket.SHUT_WR)
        one.input.read()


def bytesforthelog():
    with client() as one:
        one.hello().socket.sendall(b'no\0<0>such\033]0;title\007\rcommand\n')
        one.input.read()


def connectandgo():
    with client():
        pass


def morethanmyshare():
    many = []
    try:
        for _ in range(SHARE + 1):
            many.append(client())
            many[-1].hello()
    except refused:
        done['refused'] += 1
    finally:
        for one in many:
            one.__exit__()


def fifos():
    """files that the service has just read become FIFOs, and a command meets them"""
    for name in ('hgrc', 'store/00changelog.i'):
        name = path('fifos', '.hg', name)
        with client() as one:
            one.hello().run('log', '-R', path('fifos'), '-l1')
        os.rename(name, name + '.moved')
        try:
            os.mkfifo(name)
            with client() as one:
                one.hello().ask('log', '-R', path('fifos'), '-l1')
                time.sleep(PAUSE)
        finally:
            os.rename(name + '.moved', name)


def hugemarkers():
    with client() as one:
        one.hello().run('log', '-R', path('huge'), '-l1')


def codeforothers():
    """in a repository that others use, as an extension that the service must not trust"""
    extension = path('mine', 'extension.py')
    with open(extension, 'w') as f:
        f.write("open('%s', 'w')\n" % path('victims', 'code-ran'))
    name = path('victims', '.hg', 'hgrc')
    with open(name + '.new', 'w') as f:
        f.write('[extensions]\nattackers = %s\n' % extension)
    os.rename(name + '.new', name)


def signals():
    """to a worker and to the daemon, which belong to another user"""
    with client() as one:
        pid = int(one.hello().greeting.rpartition('pid: ')[2].split()[0])
        with open('/proc/%d/stat' % pid) as stat:
            parent = int(stat.read().rpartition(')')[2].split()[1])
        for process in (pid, parent):
            for number in (signal.SIGQUIT, signal.SIGALRM, signal.SIGSTOP, signal.SIGKILL):
                try:
                    os.kill(process, number)
                except PermissionError:
                    continue
                failures.append('signal %d reached process %d' % (number, process))


def falseserver():
    """accepts one client at a socket of the attacker's, and counts what he sends"""
    name = path('sticky', 'server.sock')
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
        try:
            os.chmod(name, 0o777)
            listening.listen()
            listening.settimeout(1)
            client, _address = listening.accept()
            with client, contextlib.suppress(ConnectionError):  # the client has gone
                done['bytesstolen'] += 0
                hello = b'capabilities: getencoding runcommand\nencoding: UTF-8\npid: 1'
                client.sendall(struct.pack('>cI', b'o', len(hello)) + hello)
                done['bytesstolen'] += len(client.recv(1000))
        finally:
            os.unlink(name)


# the victim


def run():
    """at the false server, or at a socket in a directory of the attacker's"""
    name = path(('sticky', 'mine')[done['run'] % 2], 'server.sock')
    command = [program, 'run', '--address', name, '--', 'log', 'secret']
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if b'cannot connect to' in ended.stdout:
        return  # the attacker does not listen at the moment
    if ended.returncode != 1 or b'cannot trust the server at' not in ended.stdout:
        failures.append('%d %r' % (ended.returncode, ended.stdout))
    done['untrustedserver'] += 1


def use():
    with client() as one:
        status, out, err = one.hello().run('log', '-R', path('victims'), '-l1', '-T', '{desc}')
        if (status, out) != (0, 'the one'):
            failures.append('%d %s %s' % (status, out, err))
        done['untrustedfile'] += 'not trusting file' in err


def attack():
    codeforothers()  # before the victim comes
    print('begun', flush=True)
    for _ in range(4):
        repeat(PAUSE, askandneverread)
        repeat(PAUSE, halfarequest)
    for action in (anybytes, bytesforthelog, connectandgo, codeforothers, signals):
        repeat(PAUSE, action)
    for action in (morethanmyshare, fifos, hugemarkers):
        repeat(LONG_PAUSE, action)
    repeat(0, falseserver)


def sayall():
    """say when each thing has been done"""
    while not over.wait(PAUSE):
        if all(done[name] for name in things):
            print('all', flush=True)
            return


if role == 'attack':
    attack()
    things |= {'refused'}
else:
    repeat(PAUSE, use)
    repeat(LONG_PAUSE, run)
    things |= {'untrustedfile', 'untrustedserver'}
threading.Thread(target=sayall).start()
sys.stdin.read()
over.set()
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
for name, count in sorted(done.items()):
    print(name, count)
print('\n'.join(failures))
