"""Tells the clients in the queue of the socket that is descriptor 3 why the service cannot start, where there is not even
a Java to do that (StartFailure.java). Called by the launcher: unavailable.py REASON"""

import socket
import struct
import sys

queue = socket.socket(fileno=3)
was_blocking = queue.getblocking()
queue.setblocking(False)  # for all who hold the socket, so not for longer than necessary
message = ('hg-cmdserver: the service cannot start: %s\n' % sys.argv[1]).encode('utf-8', 'backslashreplace')
try:
    while True:
        client, _address = queue.accept()
        client.setblocking(False)
        try:
            client.send(struct.pack('>cI', b'e', len(message)) + message)
            client.shutdown(socket.SHUT_RDWR)
            client.recv(1 << 20)  # with a request left unread, the client would get ECONNRESET
        except OSError:
            pass  # the client has left
        client.close()
except BlockingIOError:
    pass
finally:
    queue.setblocking(was_blocking)
    queue.detach()
