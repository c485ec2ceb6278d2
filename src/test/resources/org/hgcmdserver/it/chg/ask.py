# Commands that ask at the terminal, and that wait.
import time
from mercurial import registrar
cmdtable = {}
command = registrar.command(cmdtable)
@command(b'ask', [], b'', norepo=True)
def ask(ui):
    name = ui.prompt(b'user:', default=b'')
    ui.warn(b'hello %s\n' % name)
    ui.status(b'it has %d bytes\n' % len(ui.getpass()))
@command(b'wait', [], b'', norepo=True)
def wait(ui):
    ui.write(b'now\n')
    ui.flush()
    while True:
        time.sleep(0.1)
