"""Completes command lines as a person does: in interactive shells, on terminals.

    completions_test.py DIRECTORY       the directory with the completions that mvn package has written

Needs bash with bash-completion, zsh, fish, and hg with its own completions.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 60  # seconds: an upper bound, far longer than any step takes
COLUMNS = 600  # no line is wrapped

# What is typed after "hg-cmdserver ", and words that the shell then shows, in the line or below it.
CASES = [
    ('stat', ['hg-cmdserver status']),
    ('sh', ['hg-cmdserver shell-env']),
    ('serve --min', ['hg-cmdserver serve --min-idle']),
    ('serve --drain=', ['wait', 'finish']),
    ('serve --drain=f', ['--drain=finish']),
    ('serve --drain f', ['--drain finish']),
    ('serve --debug=y', ['--debug=yes']),
    ('serve --allow-user=daem', ['--allow-user=daemon']),
    ('serve --allow-user root,daem', ['--allow-user root,daemon']),
    ('serve --allow-user root --allow-user daem', ['--allow-user daemon']),
    ('serve --allow-group=daem', ['--allow-group=daemon']),
    ('serve --address=/usr/shar', ['--address=/usr/share/']),
    ('serve --config-file /usr/shar', ['--config-file /usr/share/']),
    ('run --no-c', ['run --no-chg']),
    ('run -- ident', ['run -- identify']),
    ('run --no-chg -- ident', ['--no-chg -- identify']),
    ('run -- commit --mess', ['commit --message']),
    ('run -- init /usr/shar', ['init /usr/share/']),
    ('shell-env z', ['shell-env zsh']),
]

SHELLS = {
    'bash': (
        ['bash', '--norc', '--noprofile', '-i'],
        "PS1=; bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; bind 'set bell-style none'; "
        "bind 'set enable-bracketed-paste off'; . /usr/share/bash-completion/bash_completion; . %s/hg-cmdserver.bash",
    ),
    'zsh': (
        ['zsh', '-f', '-i'],
        "PS1=; unsetopt beep zle_bracketed_paste; fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D",
    ),
}


class Terminal:
    def __init__(self, command):
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.environ['TERM'] = 'xterm'
            os.execvp(command[0], command)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack('HHHH', 50, COLUMNS, 0, 0))
        self._shown = ''

    def type(self, text):
        self._shown = ''
        os.write(self._fd, text.encode())

    def await_words(self, words):
        """whether all these words are shown at some time"""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            plain = re.sub('\x1b\\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\a\r]', '', self._shown)
            while '\b' in plain:
                plain = re.sub('[^\b]?\b', '', plain, count=1)
            if all(word in plain for word in words):
                return True
            if select.select([self._fd], [], [], 1)[0]:
                self._shown += os.read(self._fd, 65536).decode('utf-8', 'replace')
        print('shown instead: %r' % self._shown)
        return False

    def close(self):
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)


def interactively(shell, directory):
    command, setup = SHELLS[shell]
    for typed, words in CASES:
        terminal = Terminal(command)
        terminal.type(setup % directory + "; echo 're''ady'\n")
        if not terminal.await_words(['ready\n']):
            terminal.close()
            yield '(the shell does not start)'
            return
        terminal.type('hg-cmdserver ' + typed + '\t')
        shown = terminal.await_words(words)
        terminal.close()
        if not shown:
            yield typed


def in_fish(directory):
    script = 'source %s/hg-cmdserver.fish; complete -C "hg-cmdserver $argv[1]"' % directory
    for typed, words in CASES:
        shown = subprocess.run(['fish', '-c', script, typed], capture_output=True, text=True).stdout
        offered = [line.split('\t')[0] for line in shown.splitlines()]
        for word in words:
            # the word that replaces the last one of the line
            if not any(offer.endswith(word.split(' ')[-1]) for offer in offered):
                print('shown instead: %r' % shown)
                yield typed


def main(directory):
    failed = 0
    directory = os.path.abspath(directory)
    for shell in [*SHELLS, 'fish']:
        for typed in in_fish(directory) if shell == 'fish' else interactively(shell, directory):
            print('%s: wrong completion of: hg-cmdserver %s' % (shell, typed))
            failed += 1
    print('%d command lines completed in bash, zsh and fish, %d wrong' % (len(CASES), failed))
    return failed > 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
