"""Proof, over a real connection, that a server answers as plain hg does, before that server gets a client.

Plain hg runs without the user's configuration, since none of the user's programs may run before a client
requests it. Extensions may add lines to a server's answer; the answer must contain each line of plain hg's,
in the same order.
"""

import array
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile

from hgcmdserver import daemonline

TIMEOUT = 30  # seconds for an answer, which takes a server some milliseconds
TIME_TO_END = 5  # seconds for a worker whose connection has ended

VERSION = [b'version', b'-q']
HELLO_CHANNEL = b'o'


class Failed(Exception):
    """a server does not answer, or not as plain hg does; the message is the reason"""


def inside(repository):
    """options that name a repository whose path may contain any bytes: --cwd takes the path as it is, while
    -R strips a fragment and expands variables, as hg does for a repository that it finds by itself"""
    return [b'--cwd', repository, b'-R', b'.']


class Unusable(Failed):
    """this Mercurial fits none of our servers"""


def log(repository):
    return inside(repository) + [b'log', b'-T', b'{rev} {node} {desc}\\n']


def environment():
    """the environment of a program that must run none of the user's programs: it hides the user's
    configuration, and that of a repository that contains the current directory"""
    return dict(os.environ, HGRCPATH='', HGRCSKIPREPO='1')


def request(command):
    arguments = b'\0'.join(command)
    return b'runcommand\n' + struct.pack(b'>I', len(arguments)) + arguments


class plainhg:
    """plain hg's answers to some commands; these run in parallel until answers() collects them"""

    def __init__(self, hg, commands):
        self._commands = commands
        self._running = []
        for command in commands:
            self._running.append(
                subprocess.Popen(
                    [hg] + command,
                    cwd='/',
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            )

    def answers(self):
        """a list of (command, status, output)"""
        answers = []
        for command, process in zip(self._commands, self._running):
            try:
                output, _error = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                raise Failed('plain hg has not answered %s' % _text(b' '.join(command)))
            answers.append((command, process.returncode, output))
        return answers

    def kill(self):
        for process in self._running:
            if process.poll() is None:
                process.kill()
                process.wait()


class client:
    """a client of the command server at the other end of a socket"""

    def __init__(self, sock):
        sock.settimeout(TIMEOUT)
        self._sock = sock

    def check(self, answers):
        """read the hello, and compare the server's answers with plain hg's"""
        self.readhello()
        self.checkanswers(answers)

    def checkanswers(self, answers):
        for command, status, output in answers:
            self._compare(command, status, output, *self.run(command))

    def succeed(self, command):
        """run a command whose failure is not the server's fault"""
        status, output = self.run(command)
        if status:
            raise OSError('%s ended with status %d: %s' % (_text(b' '.join(command)), status, _text(output)))

    def run(self, command):
        """returns the status and the output"""
        self._sock.sendall(request(command))
        return self.readanswer(command)

    def readanswer(self, command):
        """the status and the output of the command sent last"""
        output, errors = b'', b''
        while True:
            channel, data = self._readframe()
            if channel == b'r':
                status = struct.unpack(b'>i', data)[0]
                break
            if channel == b'o':
                output += data
            elif channel == b'e':
                errors += data
            elif channel.isupper():
                raise Failed('%s asked for input' % _text(b' '.join(command)))
        return status, output or errors

    def readhello(self):
        channel, hello = self._readframe()
        if channel in (b'd', b'e'):
            failure = Unusable if channel == b'd' else Failed
            raise failure(hello.decode('utf-8', 'backslashreplace'))
        if channel != HELLO_CHANNEL or not hello.startswith(b'capabilities: '):
            raise Failed('the hello was %s' % _text(hello))
        if b'runcommand' not in hello.split(b'\n')[0].split():
            raise Failed('the server does not run commands: %s' % _text(hello))

    def _readframe(self):
        channel, length = struct.unpack(b'>cI', self._readall(5))
        return channel, b'' if channel.isupper() else self._readall(length)

    def _readall(self, size):
        data = b''
        while len(data) < size:
            try:
                piece = self._sock.recv(size - len(data))
            except socket.timeout:
                raise Failed('no answer within %d s' % TIMEOUT)
            if not piece:
                raise Failed('the connection ended early')
            data += piece
        return data

    def _compare(self, command, wantedstatus, wanted, status, output):
        lines = wanted.splitlines(True)
        same = [line for line in output.splitlines(True) if line in lines] == lines
        if status != wantedstatus or not same:
            raise Failed(
                '%s answered %d %s, plain hg %d %s'
                % (_text(b' '.join(command)), status, _text(output), wantedstatus, _text(wanted))
            )


def _text(data):
    """for a message of one line"""
    return repr(data[:200].decode('utf-8', 'backslashreplace'))


def checkserver(makeserver):
    """a quick proof: makeserver(fin, fout) in this process, over a socket, without a repository"""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile('rb') as fin, ours.makefile('wb') as fout:
        theirs.sendall(request(VERSION))
        theirs.shutdown(socket.SHUT_WR)
        server = makeserver(fin, fout)
        try:
            server.serve()
        finally:
            server.cleanup()
        fout.flush()
        ours.shutdown(socket.SHUT_WR)
        reader = client(theirs)
        reader.readhello()
        status, output = reader.readanswer(VERSION)
        if status or b'Mercurial' not in output:
            raise Failed('version answered %d %s' % (status, _text(output)))


class chgclient(client):
    """chg, as far as a command that asks for nothing needs it (hgclient.c)"""

    def __init__(self, sock, environment):
        super().__init__(sock)
        self._environment = {**environment, b'HGRCPATH': b'', b'HGRCSKIPREPO': b'1'}

    def run(self, command):
        output, ours = os.pipe()
        with open(output, 'rb') as output, open(ours, 'wb') as ours, open(os.devnull, 'rb') as nothing:
            self._sock.sendall(b'attachio\n')
            self._readframe()
            streams = array.array('i', [nothing.fileno(), ours.fileno(), ours.fileno()])
            self._sock.sendmsg([b'\0'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
            self._readframe()
            ours.close()
            self._send(b'chdir', b'/')
            self._send(b'setumask2', struct.pack('>I', 0o77))
            self._send(b'setenv', b'\0'.join(b'%s=%s' % item for item in self._environment.items()))
            self._send(b'validate', b'\0'.join(command))
            self._readframe()
            self._send(b'runcommand', b'\0'.join(command))
            status, _output = self.readanswer(command)
            return status, output.read()

    def _send(self, name, data):
        self._sock.sendall(b'%s\n%s%s' % (name, struct.pack('>I', len(data)), data))


def checkworker(fork, work, answers, chg=None):
    """fork a worker that runs work(line), give it a connection as the daemon does, and be its client

    chg: the environment of a client that is chg; None for another client
    """
    daemon, line = socket.socketpair()
    ours, theirs = socket.socketpair()
    with daemon, line, ours, theirs:
        if fork(lambda pid: daemonline.send(line.fileno(), daemonline.FORKED, b'%d' % pid)) == 0:
            for sock in (daemon, ours, theirs):
                sock.close()
            work(line.detach())  # does not return
        line.close()
        daemon.settimeout(TIMEOUT)
        try:
            word = daemonline.SERVE if chg is None else daemonline.CHG
            daemonline.senddescriptor(daemon, word, theirs.fileno())
            theirs.close()
            there = client(ours) if chg is None else chgclient(ours, chg)
            there.check(answers)
            ours.close()
            said = b''
            while True:  # until the worker ends
                data = daemon.recv(4096)
                said += data
                if not data:
                    break
            if any(word == daemonline.SEPARATE for word, _argument in daemonline.messages(said)):
                raise Failed('the worker does not recognize its own environment')
        except (OSError, Failed) as inst:
            ours.close()
            _end(daemon)
            raise inst if isinstance(inst, Failed) else Failed('the worker: %s' % inst)


def _end(daemon):
    """wait for a failed worker to end, so that its messages reach the log; kill a worker that hangs"""
    said = b''
    try:
        daemon.settimeout(TIME_TO_END)
        while True:
            data = daemon.recv(4096)
            if not data:
                return
            said += data
    except socket.timeout:
        for word, argument in daemonline.messages(said):
            if word == daemonline.FORKED:
                os.kill(int(argument), signal.SIGKILL)
    except OSError:
        pass  # the worker has ended


def checkpipe(command, hg):
    """prove a server of one connection, in its own process, on a private repository"""
    parent = os.environ.get('TMPDIR') or '/tmp'  # Python could fall back to the current directory
    with tempfile.TemporaryDirectory(prefix='hg-cmdserver-', dir=parent) as directory:
        repository = os.fsencode(directory)
        with open(os.path.join(repository, b'file'), 'wb') as f:
            f.write(b'line\n')
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = subprocess.Popen(
                command, cwd='/', stdin=theirs, stdout=theirs, env=environment()
            )
            try:
                theirs.close()
                there = client(ours)
                there.readhello()
                there.succeed([b'--cwd', repository, b'init'])
                there.succeed(inside(repository) + [b'commit', b'-A', b'-m', b'one', b'-u', b'proof'])
                plain = plainhg(hg, [VERSION, log(repository)])
                try:
                    there.checkanswers(plain.answers())
                finally:
                    plain.kill()
                ours.close()
                process.wait(TIMEOUT)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
