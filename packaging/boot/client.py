"""Clients of a command server, for use in the booted system.

    client.py run SOCKET HG-ARGUMENT...     one command; its output, errors and exit status
    client.py loop SOCKET REPOSITORY CLIENTS
                                            this number of clients connect repeatedly until the standard
                                            input ends; then prints a line of JSON with the numbers
    client.py forked SOCKET DAEMON          waits until the daemon with this pid has a template, and a worker
                                            forked from it serves a connection, as /proc shows
    client.py sessions SOCKET REPOSITORY COUNT
                                            this number of connections, each with one command, one after the other;
                                            prints their median time in milliseconds
    client.py closers SOCKET COUNT          this number of connections that end at once
    client.py hglib SOCKET REPOSITORY       python-hglib, attached; for each line of input it prints the
                                            number of revisions
"""

import json
import os
import pwd
import socket
import statistics
import struct
import sys
import threading
import time

PATIENCE = 60  # seconds: an upper bound, far longer than any step takes
PAUSE = 0.05  # seconds between the connections of a client in a loop, to leave the machine time for other work


class Session:
    """one connection with the protocol of mercurial/commandserver.py"""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self._file = self._socket.makefile('rwb')
        channel, hello = self._frame()
        if channel != b'o' or not hello.startswith(b'capabilities:'):
            raise EOFError('%r instead of a hello' % (channel + hello))
        fields = dict(line.split(b': ', 1) for line in hello.splitlines())
        self.worker = int(fields[b'pid'])

    def _frame(self):
        header = self._file.read(5)
        if len(header) < 5:
            raise EOFError('the connection ended')
        channel, length = header[:1], struct.unpack('>I', header[1:])[0]
        if channel in b'IL':
            return channel, b''
        data = self._file.read(length)
        if len(data) < length:
            raise EOFError('the connection ended within an answer')
        return channel, data

    def run(self, *arguments):
        """the exit status, the output and the errors of a command"""
        request = b'\0'.join(argument.encode() for argument in arguments)
        self._file.write(b'runcommand\n' + struct.pack('>I', len(request)) + request)
        self._file.flush()
        said = {b'o': b'', b'e': b'', b'd': b''}
        while True:
            channel, data = self._frame()
            if channel == b'r':
                return struct.unpack('>i', data)[0], said[b'o'], said[b'e']
            if channel in b'IL':
                self._file.write(struct.pack('>I', 0))  # the end of the input
                self._file.flush()
            else:
                said[channel] += data

    def close(self):
        self._file.close()
        self._socket.close()


def run(address, *arguments):
    session = Session(address)
    status, output, errors = session.run(*arguments)
    sys.stdout.buffer.write(output)
    sys.stderr.buffer.write(errors)
    return status


def loop(address, repository, clients):
    log = ('log', '-R', repository, '-T', '{node}\\n')
    expected = Session(address).run(*log)
    if expected[0] or not expected[1]:
        raise ValueError(expected)
    answers = [0] * int(clients)
    failures = []
    ended = threading.Event()

    def client(number):
        while not ended.is_set():
            try:
                session = Session(address)
                answer = session.run(*log)
                session.close()
                if answer != expected:
                    raise ValueError('a wrong answer: %r' % (answer,))
                answers[number] += 1
                ended.wait(PAUSE)
            except Exception as error:  # any exception means a lost answer
                failures.append(repr(error))
                ended.wait(0.1)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(len(answers))]
    for thread in threads:
        thread.start()
    print('started', flush=True)
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps({'answers': answers, 'failures': failures}))
    return 0


def _title(pid):
    """the title or the command line of a process, and its parent; None if it has gone"""
    try:
        title = open('/proc/%s/cmdline' % pid).read().replace('\0', ' ').strip()
        stat = open('/proc/%s/stat' % pid).read()
    except OSError:
        return None
    return title, int(stat.rpartition(')')[2].split()[1])


def forked(address, daemon):
    expected = 'hg-cmdserver: worker for %s' % pwd.getpwuid(os.getuid()).pw_name, int(daemon)
    end = time.monotonic() + PATIENCE
    while True:
        session = Session(address)
        title = _title(session.worker)
        soon = time.monotonic() + 1
        while title != expected and time.monotonic() < soon:  # the user's name comes after the hello
            time.sleep(PAUSE)
            title = _title(session.worker)
        # the daemon is the parent of both
        template = 'hg-cmdserver: template', int(daemon)
        if title == expected and template in map(_title, filter(str.isdigit, os.listdir('/proc'))):
            status = session.run('version', '-q')[0]
            session.close()
            return status
        session.close()
        if time.monotonic() > end:
            print('this worker was not forked ahead: %s' % (title,), file=sys.stderr)
            return 1
        time.sleep(PAUSE)


def sessions(address, repository, count):
    times = []
    for _ in range(int(count)):
        begun = time.monotonic()
        session = Session(address)
        status = session.run('log', '-R', repository, '-l', '1')[0]
        session.close()
        if status:
            return status
        times.append(time.monotonic() - begun)
    print(1000 * statistics.median(times))
    return 0


def closers(address, count):
    for _ in range(int(count)):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
    return 0


def hglib(address, repository):
    import hglib.client

    class Connection:
        returncode = 0

        def __init__(self):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(address)
            self.stdin = self._socket.makefile('wb')
            self.stdout = self._socket.makefile('rb')

        def communicate(self):
            self.stdin.close()
            self.stdout.close()
            self._socket.close()
            return b'', b''

    class Client(hglib.client.hgclient):
        def __init__(self):
            super().__init__(None, None, None, connect=False)
            self.server = Connection()
            self._readhello()

    client = Client()
    for _ in sys.stdin:
        revisions = client.rawcommand([b'log', b'-R', repository.encode(), b'-T', b'x'])
        print(len(revisions), flush=True)
    client.close()
    return 0


if __name__ == '__main__':
    modes = run, loop, forked, sessions, closers, hglib
    sys.exit({mode.__name__: mode for mode in modes}[sys.argv[1]](*sys.argv[2:]))
