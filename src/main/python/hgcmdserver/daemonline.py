"""The lines between the daemon and a template, a proof and each worker: stream sockets.

A message is its length, as 4 bytes with the highest one first, and that many bytes: a word and, after a
blank, an argument of any bytes. A template and a proof have their line as descriptor 3.

    proof -> daemon      "ready"; "failed REASON": Mercurial's own server is to serve; "unusable REASON":
                         hg itself is to serve, since nothing here fits this Mercurial; no message if
                         the proof could not be made
    template -> daemon   "without PART: REASON": a part that this Mercurial cannot have
                         "preloaded NAMES SECTIONS": it has loaded a configuration, for clients with the same values
                         of these variables, unless they set items of these sections of it. Each name ends with a
                         NUL byte; another NUL byte is between the two
                         "notpreloaded REASON": each command must load the configuration
                         "ready", or "failed REASON" before the template ends
    copy of it -> daemon "successor PID": a copy of the template, which may take its place
                         "succeeded": the copy is the template from now on; the one before it ends
    daemon -> template   "fork", with one end of a socket pair attached: fork a worker that has it
                         end of file: end

The daemon's end of that pair is its line to the worker:

    template -> daemon   "forked PID" or "failed REASON", over the same line
    worker -> daemon     "pid PID" as its first message: it can be given a connection; "warm": it has
                         rehearsed; end of file: it has ended, or was never forked
    daemon -> worker     "rehearse": become warm
                         "serve", with a connection attached: serve it
                         "chg", with a connection of chg attached: serve it
                         end of file: end
    worker -> daemon     "stale": what the template was made from has changed. The worker serves its
                         connection all the same, as a new process with the new state
                         "separate": it serves chg as a new process, since the client is not one for its template
                         "separate DIRECTORY": so, for a reason that its directory may be

Any Python since 2.7 can import this module.
"""

import array
import os
import socket
import struct

CONTROL = 3  # the descriptor of the line of a template or a proof

# to the daemon
READY = b'ready'
WITHOUT = b'without'
FAILED = b'failed'
SUCCESSOR = b'successor'
SUCCEEDED = b'succeeded'
UNUSABLE = b'unusable'
PRELOADED = b'preloaded'
NOTPRELOADED = b'notpreloaded'
FORKED = b'forked'
PID = b'pid'
WARM = b'warm'
STALE = b'stale'
SEPARATE = b'separate'

# from the daemon
FORK = b'fork'
REHEARSE = b'rehearse'
SERVE = b'serve'
CHG = b'chg'

HEADER = struct.Struct('>I')


def message(word, argument=None):
    content = word if argument is None else word + b' ' + argument
    return HEADER.pack(len(content)) + content


def text(reason):
    """an argument that the daemon logs as one line"""
    return reason.replace('\n', ' ').encode('utf-8', 'backslashreplace')


def send(fd, word, argument=None):
    """send a short message, which the kernel takes as a whole"""
    os.write(fd, message(word, argument))


def senddescriptor(sock, word, fd):
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))
    sock.sendmsg([message(word)], [rights])


def receive(sock):
    """a word and the descriptors that came with it; no word at the end of file"""
    header, fds = _receive(sock, HEADER.size)
    if not header:
        return b'', fds
    content = sock.recv(HEADER.unpack(header)[0], socket.MSG_WAITALL)
    return content.split(b' ', 1)[0], fds


def _receive(sock, size):
    space = socket.CMSG_SPACE(4 * array.array('i').itemsize)
    data, ancillary, _flags, _address = sock.recvmsg(
        size, space, socket.MSG_CMSG_CLOEXEC | socket.MSG_WAITALL
    )
    fds = array.array('i')
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content)
    return data if len(data) == size else b'', list(fds)


def messages(data):
    """the words and arguments of the whole messages in data"""
    while len(data) >= HEADER.size:
        end = HEADER.size + HEADER.unpack_from(data)[0]
        if len(data) < end:
            return
        word, _blank, argument = data[HEADER.size : end].partition(b' ')
        yield word, argument
        data = data[end:]
