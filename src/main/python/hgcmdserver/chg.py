"""Connections of chg, Mercurial's own fast client, whose commands are to run as if its user had started hg.

chg sends its standard streams, directory, umask and environment before its command (hgclient.c), which then
runs in a new process that has them. Other clients send only commands, and see nothing of this module.

The module imports nothing of Mercurial's, so it serves chg even where no other module fits the installed Mercurial.
"""

import array
import os
import re
import signal
import socket
import struct

from hgcmdserver import daemonline, peer, title
from hgcmdserver.hgscript import interpreter

# The requests that chg sends after the hello. Each is "NAME\n" and, but for attachio, a block: its length in
# 4 bytes, and its bytes.
CAPABILITIES = 'attachio chdir runcommand setenv setumask2 validate'

STREAMS = 3
HEADER = struct.Struct('>cI')
NUMBER = struct.Struct('>i')
MAX_NAME = 64  # bytes of a request's name
PATIENCE = 60  # seconds; chg sends everything up to its command at once

# Those that a new process of the client's would ignore too if chg's caller ignores them (nohup(1), a shell for its
# background commands). Python itself sets SIGPIPE.
INHERITED = ('SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGTERM', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1', 'SIGUSR2', 'SIGALRM')

# What chg forwards to the process that the hello names (procutil.c); it sends SIGINT and SIGHUP to the group.
FORWARDED = ('SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGTSTP')


def isclient(fd):
    """whether the process that has connected is chg"""
    return _name(peer.credentials(fd)[0]) == 'chg'


def _name(pid):
    """the name of the program's file, under whatever name it was started"""
    try:
        return os.path.basename(os.readlink('/proc/%d/exe' % pid)).replace(' (deleted)', '')
    except PermissionError:  # another user's process
        pass
    except OSError:
        return ''
    try:
        with open('/proc/%d/comm' % pid) as comm:
            return comm.read().rstrip('\n')
    except (OSError, UnicodeDecodeError):
        return ''


def _ignored(pid):
    """the bits of the signals that a process ignores (SigIgn in proc_pid_status(5))"""
    try:
        with open('/proc/%d/status' % pid, 'rb') as status:
            for line in status:
                if line.startswith(b'SigIgn:'):
                    return int(line.split()[1], 16)
    except OSError:
        pass
    return 0


class warmprocess:
    """this process, if it can run a command as it is: it has loaded Mercurial as a new process of such a client
    would, and no configuration, or one that the command does not notice (preloaded.py)"""

    def __init__(self, hg, names, commands):
        """hg: the script whose place this program takes; names: of the variables that matter before Mercurial
        reads its configuration, or their beginnings with a "*"; after a "!", of those that a client of this process
        must not have; the first name that fits a variable counts. commands: the module chgcommand"""
        self._hg = hg
        self._names = [os.fsencode(name) for name in names]
        patterns = (re.escape(name.lstrip(b'!')).replace(b'\\*', b'.*') for name in self._names)
        # one expression, which compares a name with all of them in a fifth of the time of a loop
        self._match = re.compile(b'|'.join(b'(%s)' % pattern for pattern in patterns), re.DOTALL).fullmatch
        self._rules = {}  # those of variables that clients of this process are likely to have
        with open('/proc/self/environ', 'rb') as environ:
            self.environment = self._relevant(environment(environ.read()))
        self._commands = commands
        self.preloaded = None  # see preloaded.py
        self.refused = None  # files after whose change another template may load the configuration

    def _relevant(self, environ):
        """the variables that matter; None if the client must not be served here"""
        relevant = {}
        for name, value in environ.items():
            rule = self._rule(name)
            if rule.startswith(b'!'):
                return None
            if rule:
                relevant[name] = value
        return relevant

    def _rule(self, name):
        rule = self._rules.get(name)
        if rule is None:
            found = self._match(name)
            rule = self._rules[name] = self._names[found.lastindex - 1] if found else b''
        return rule

    def fits(self, hg, environ):
        """whether a client with this environment, which wants this hg, is one for this process"""
        if hg != self._hg or self._relevant(environ) != self.environment:
            return False
        return not self.preloaded or all(
            environ.get(name) == value for name, value in self.preloaded.environment.items()
        )

    def rehearse(self, maxrequest):
        """all that happens before a command, without effect: it copies the pages that this writes to"""
        ours, theirs = socket.socketpair()
        with theirs, open(os.devnull, 'rb') as null:
            client = _client(ours.detach(), maxrequest)
            client.greet()
            fds = array.array('i', STREAMS * [null.fileno()])
            theirs.sendmsg([b'\0'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            client.rehearse(theirs)
        ours = dict(os.environb)
        # a client's is larger: the pages for its strings are copied now
        self._setenvironment({**ours, **{b'_%d' % n: b'x' * 10 * n for n in range(40)}})
        self._setenvironment(ours)
        self._commands.rehearse(self.preloaded)

    def rehearsecommand(self, arguments, fout):
        """run a command, with none of the user's configuration"""
        self._commands.rehearsecommand(arguments, fout)

    def run(self, connection, environ, arguments, otherwise):
        """run the command; does not return. If it turns out to be not one for this process, before it has had any
        effect, otherwise(directory) is called, which does not return either; directory: whether the reason may be
        a configuration in the client's directory"""
        environ = dict(environ)
        if b'LC_CTYPE' in os.environb:  # the client's, or set by Python at its start (PEP 538)
            environ.setdefault(b'LC_CTYPE', os.environb[b'LC_CTYPE'])
        self._setenvironment(environ)
        self._commands.runhere(connection, arguments, self.preloaded, otherwise)

    def _setenvironment(self, environ):
        ours = dict(os.environb)
        if list(ours) != list(environ):  # the order is to be the client's too
            os.environb.clear()
            ours = {}
        os.environb.update(item for item in environ.items() if ours.get(item[0]) != item[1])


class service:
    """serves chg in a worker"""

    def __init__(self, hg, script, maxrequest, warm):
        """warm: a warmprocess, or None if this process can run no command itself"""
        self._hg = hg
        self._script = script
        self._maxrequest = maxrequest
        self.warm = warm

    def rehearse(self):
        self.warm.rehearse(self._maxrequest)

    def serveforked(self, fd, stale, say):
        """serve the connection in a forked worker; does not return

        stale(): whether the template is out of date; say(word): reports to the daemon
        """

        def choose(hg, environ):
            if self.warm is None:
                return None
            if not self.warm.fits(hg, environ):
                say(daemonline.SEPARATE)
                return None
            if stale():
                return None
            if self.warm.refused and self.warm.refused.havechanged():
                say(daemonline.STALE)
            return self.warm

        def unfit(directory):
            say(daemonline.SEPARATE, directory)

        serve(fd, self._hg, self._script, self._maxrequest, choose, unfit)


def serve(fd, hg, script, maxrequest, choose=lambda hg, environ: None, unfit=None):
    """serve the connection of chg with one command, in this process; does not return

    hg: the hg script that runs the command, unless the client's environment names another for chg; script: the
    path of main.py; choose(hg, environ): the warmprocess for the command, or None; unfit(directory): called if the
    command turned out not to be one for that process; directory: the client's, if the reason is there, or b''
    """
    client = _client(fd, maxrequest)
    try:
        if client.greet():
            command = client.awaitcommand()
            if command is not None:
                command.run(hg, script, choose, unfit)
    except (BrokenPipeError, ConnectionResetError, BlockingIOError):
        pass  # the client has left, or is stopped
    os._exit(0)


def _aresame(path, other):
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def environment(block):
    """the variables in strings that are separated by NUL bytes"""
    variables = {}
    for pair in block.split(b'\0'):
        name, equals, value = pair.partition(b'=')
        if name and equals:
            variables.setdefault(name, value)  # the first one counts, as for getenv(3)
    return variables


def receivestreams(sock):
    """chg's answer to an attachio: new descriptors of its streams"""
    sock.sendall(HEADER.pack(b'I', 1))  # chg attaches them to one byte
    space = socket.CMSG_SPACE(STREAMS * array.array('i').itemsize)
    _byte, ancillary, _flags, _address = sock.recvmsg(1, space, socket.MSG_CMSG_CLOEXEC)
    fds = array.array('i')
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content)
    if len(fds) != STREAMS:
        raise ConnectionResetError  # chg has left
    sock.sendall(HEADER.pack(b'r', NUMBER.size) + NUMBER.pack(STREAMS))
    return list(fds)


class _client:
    def __init__(self, fd, maxrequest):
        self._sock = socket.socket(fileno=fd)
        self._maxrequest = maxrequest
        self._data = b''
        self._streams = []
        self._environment = None
        self._failure = None  # why the command cannot run

    def greet(self):
        """whether the client may send a command"""
        uid = peer.credentials(self._sock.fileno())[1]
        if not peer.isown(uid):
            # its command would run with our rights; chg prints this message, and ends at the end of file
            reason = 'this server runs the commands of uid %d for chg, not those of uid %d' % (os.geteuid(), uid)
            self._send(b'e', message(reason))
            return False
        self._wait(PATIENCE)
        hello = 'capabilities: %s\npid: %d\npgid: %d' % (CAPABILITIES, os.getpid(), os.getpgid(0))
        self._send(b'o', hello.encode('ascii'))
        return True

    def rehearse(self, theirs):
        """receive a command from the socket, in which the streams are already"""
        self._attachio()
        mask = os.umask(0)
        os.umask(mask)
        requests = [
            (b'chdir', os.getcwdb()),
            (b'setumask2', struct.pack('>I', mask)),
            (b'setenv', b'\0'.join(b'%s=%s' % item for item in os.environb.items())),
            (b'validate', b'version'),
            (b'runcommand', b'version'),
        ]
        for name, block in requests:
            theirs.sendall(b'%s\n%s%s' % (name, struct.pack('>I', len(block)), block))
        self.awaitcommand().rehearse()

    def _wait(self, seconds):
        """limit how long a read waits; 0: no limit (SO_RCVTIMEO in socket(7))"""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('ll', seconds, 0))

    def awaitcommand(self):
        """the client's command, or None if the client leaves before, or does not do as chg does"""
        requests = {
            b'attachio': self._attachio,
            b'chdir': lambda: self._chdir(self._block()),
            b'setumask2': lambda: self._setumask(self._block()),
            b'setenv': lambda: self._setenv(self._block()),
            b'validate': lambda: self._validate(self._block()),
        }
        while True:
            name = self._line()
            if name is None:
                return None
            if name == b'runcommand':
                return self._command(self._block())
            if name not in requests:
                return None
            requests[name]()

    # requests

    def _attachio(self):
        if self._data:
            raise ConnectionResetError  # not what chg does
        fds = receivestreams(self._sock)
        for old in self._streams:
            os.close(old)
        self._streams = fds

    def _chdir(self, path):
        try:
            os.chdir(path)
        except OSError as inst:
            self._failure = 'cannot change to the directory %s: %s' % (os.fsdecode(path), inst.strerror)

    def _setumask(self, mask):
        if len(mask) != 4:
            raise ConnectionResetError
        os.umask(struct.unpack('>I', mask)[0])

    def _setenv(self, block):
        self._environment = environment(block)

    def _validate(self, _arguments):
        # only now: after the answer chg catches these signals, to forward them
        ignored = _ignored(peer.credentials(self._sock.fileno())[0])
        for number in (getattr(signal, name) for name in INHERITED):
            if ignored >> (number - 1) & 1:
                signal.signal(number, signal.SIG_IGN)
        if self._failure:
            self._send(b'e', message(self._failure))
            self._send(b'r', b'exit 255')
        else:
            self._send(b'r', b'\0')  # whatever they are, a new process loads the configuration for them

    def _command(self, block):
        if self._failure or not self._streams or self._environment is None or self._data:
            return None  # it would run with our environment
        self._wait(0)
        arguments = block.split(b'\0') if block else []
        return _command(self._sock.detach(), self._streams, self._environment, arguments)

    # frames

    def _send(self, channel, data):
        self._sock.sendall(HEADER.pack(channel, len(data)) + data)

    def _line(self):
        while b'\n' not in self._data:
            if len(self._data) > MAX_NAME or not self._receive():
                return None
        line, self._data = self._data.split(b'\n', 1)
        return line

    def _block(self):
        size = struct.unpack('>I', self._exactly(4))[0]
        if size > self._maxrequest:
            self._send(b'e', message('a request of %d bytes is over the limit of %d' % (size, self._maxrequest)))
            raise ConnectionResetError
        return self._exactly(size)

    def _exactly(self, size):
        parts = [self._data]
        have = len(self._data)
        while have < size:
            part = self._sock.recv(1 << 16)
            if not part:
                raise ConnectionResetError
            parts.append(part)
            have += len(part)
        data = b''.join(parts)
        self._data = data[size:]
        return data[:size]

    def _receive(self):
        data = self._sock.recv(1 << 16)
        self._data += data
        return bool(data)


class _command:
    """a command with all that it needs of the client's process"""

    def __init__(self, connection, streams, environment, arguments):
        self._connection = connection
        self._streams = streams
        self._environment = environment
        self._arguments = arguments

    def rehearse(self):
        """what precedes the command, which does not run; closes its descriptors"""
        title.command(self._arguments)
        self._wantedhg('')
        for fd in [self._connection] + self._streams:
            os.close(fd)

    def run(self, hg, script, choose, unfit):
        """run the command and send its status: in this process if that fits, else in one that replaces it"""
        title.command(self._arguments)
        hg = self._wantedhg(hg)
        connection = self._takestreams()
        warm = choose(hg, self._environment)
        if warm:
            otherwise = None
            if warm.preloaded:
                otherwise = self._otherwise(lambda: self._replace(hg, script, connection), unfit)
            warm.run(connection, self._environment, self._arguments, otherwise)
        self._replace(hg, script, connection)

    def _otherwise(self, replace, unfit):
        """a function that takes back what the beginning of a command changes, and calls unfit and replace"""
        here = os.open('.', os.O_PATH | os.O_CLOEXEC)
        numbers = [getattr(signal, name) for name in INHERITED]
        ignored = [number for number in numbers if signal.getsignal(number) == signal.SIG_IGN]

        def otherwise(directory):
            os.fchdir(here)  # --cwd
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)
            unfit(self._environment.get(b'PWD', b'') if directory else b'')
            replace()

        return otherwise

    def _replace(self, hg, script, connection):
        """run the command in a process that replaces this one"""
        try:
            python = interpreter(hg)
            if python is None:
                runseparately(hg, self._arguments, self._environment, connection)
            os.set_inheritable(connection, True)
            words = python + [script, 'chg', hg, str(connection), '--']
            os.execve(python[0], words + self._arguments, self._environment)
        except OSError as inst:
            os.write(2, message('cannot run %s: %s' % (hg, inst.strerror)))
            sendstatus(connection, 255)

    def _wantedhg(self, ours):
        """the hg that the client's environment names for chg (gethgcmd in chg.c); ours if it names none, or that
        one by another path"""
        name = self._environment.get(b'CHGHG') or self._environment.get(b'HG')
        if not name:
            return ours
        directories = [b''] if b'/' in name else self._environment.get(b'PATH', os.fsencode(os.defpath)).split(b':')
        for directory in directories:
            path = os.path.abspath(os.path.join(directory, name))
            if os.access(path, os.X_OK) and os.path.isfile(path):
                return ours if _aresame(path, ours) else os.fsdecode(path)
        return ours

    def _takestreams(self):
        """make the client's streams ours; returns the connection's descriptor"""
        moved = [self._connection] + self._streams
        while min(moved) < STREAMS:  # dup2 must not overwrite any of them
            moved = [os.dup(fd) if fd < STREAMS else fd for fd in moved]
        for number, fd in enumerate(moved[1:]):
            os.dup2(fd, number)
            os.close(fd)
        return moved[0]


def runseparately(hg, arguments, environment, connection):
    """run the command as plain hg in a child process, which cannot use the client's terminal as well as the
    client's own children can; send its status, and end"""
    if os.path.basename(os.path.realpath(hg)) == 'chg':
        environment = dict(environment)
        environment[b'CHGINTERNALMARK'] = b''  # it would come back to this server for ever
    isignored = signal.signal(signal.SIGINT, signal.SIG_IGN) == signal.SIG_IGN
    forwarded = [getattr(signal, name) for name in FORWARDED]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, forwarded)  # until this process can forward them
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if not isignored:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            os.execve(hg, [hg] + arguments, environment)
        except OSError as inst:
            os.write(2, message('cannot run %s: %s' % (hg, inst.strerror)))
        os._exit(255)
    for number in forwarded:
        signal.signal(number, lambda number, _frame: os.kill(pid, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for stream in range(STREAMS):
        os.close(stream)
    _pid, status = os.waitpid(pid, 0)
    sendstatus(connection, os.WEXITSTATUS(status) if os.WIFEXITED(status) else 255)
    os._exit(0)


def message(reason):
    return ('hg-cmdserver: %s\n' % reason).encode('utf-8', 'backslashreplace')


def sendstatus(connection, status):
    """the result of chg's command, after which chg ends"""
    try:
        os.write(connection, HEADER.pack(b'r', NUMBER.size) + NUMBER.pack(status))
    except (BrokenPipeError, ConnectionResetError):
        pass  # the client has left
