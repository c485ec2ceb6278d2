# Runs commands of the program $1 at a terminal, types, and prints what the terminal shows.
import fcntl, os, pty, select, signal, struct, sys, termios, time

PATIENCE = 20  # seconds without output

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in the background, and then so does hg
modes = {}  # the mode of the terminal that ends before a prompt reads

def run(arguments, *typed):
    # typed: pairs of what to wait for, and what to type then
    pid, fd = pty.fork()
    if not pid:
        os.chdir('repository')
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 61, 0, 0))
        os.environ['TERM'] = 'xterm'
        os.execvp(sys.argv[1], sys.argv[1:2] + arguments)
    shown = b''
    typed = list(typed)
    while True:
        if not select.select([fd], [], [], PATIENCE)[0]:
            print('no more output')
            os.killpg(pid, signal.SIGKILL)
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b''  # EIO: the end
        if not data:
            break
        shown += data
        if typed and typed[0][0] in shown:
            # what is typed earlier may be echoed, or discarded
            end = time.monotonic() + PATIENCE
            while termios.tcgetattr(fd)[3] & modes.get(typed[0][0], 0) and time.monotonic() < end:
                time.sleep(0.01)
            os.write(fd, typed.pop(0)[1])
    _pid, status = os.waitpid(pid, 0)
    print(arguments[0], shown, status, typed)

modes[b'user:'] = termios.ICANON  # readline takes each character
modes[b'password:'] = termios.ECHO
ask = ['--config', 'extensions.ask=../ask.py']
pager = ['--config', 'pager.pager=sed "s/^/paged: /"']
run(['log'] + pager)
run(['log', '--pager=no', '-G', '--color=auto'])
run(['help', 'tip'] + pager)
run(['version', '-q', '--pager=on', '--config', 'pager.pager=nosuchpager'])
run(['ask'] + ask, (b'user:', b'me\n'), (b'password:', b'secret\n'))
# not at the first prompt: Python's readline may miss a signal
run(['ask'] + ask, (b'user:', b'me\n'), (b'password:', b'\x03'))
run(['wait'] + ask, (b'now', b'\x03'))
# not a shell that waits: dash may miss a signal
run(['--config', 'alias.w=!exec cat ../now -', 'w'], (b'now', b'\x03'))
