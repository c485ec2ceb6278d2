# Sends requests that end the connection, and prints the answers.
import os, socket, struct

def block(data):
    return struct.pack('>I', len(data)) + data

def ask(name, requests):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(os.environ['CHGSOCKNAME'])
    frame(sock)
    sock.sendall(requests)
    print(name)
    while True:
        answer = frame(sock)
        if not answer:
            break
        print(*answer)
        if answer[0] == 'r':
            break

def frame(sock):
    try:
        header = sock.recv(5, socket.MSG_WAITALL)
    except ConnectionResetError:
        header = b''
    if not header:
        return None
    channel, size = struct.unpack('>cI', header)
    if channel == b'I':
        sock.sendall(b'x')
        size = 0
    return channel.decode(), sock.recv(size, socket.MSG_WAITALL) if size else b''

chdir = b'chdir\n' + block(b'/no/such')
ask('chdir and validate', chdir + b'validate\n' + block(b'root'))
ask('chdir and runcommand', chdir + b'runcommand\n' + block(b'root'))
ask('runcommand', b'runcommand\n' + block(b'root'))
ask('unknown', b'unknown\n' + block(b''))
ask('attachio without streams', b'attachio\n')
