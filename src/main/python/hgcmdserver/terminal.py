"""A client of the command server has no terminal: nothing that its command starts may wait for a person at one.

Such a program would wait for ever, and keep the repository's locks: vim, for instance, reads its standard error if no
other stream is a terminal.
"""

import fcntl
import os
import shutil
import termios

from mercurial import configitems, ui as uimod

# Programs that edit or show text in a terminal. Their files may have longer names, such as vim.tiny or emacs-nox.
PROGRAMS = (
    'emacs', 'helix', 'hx', 'jed', 'jmacs', 'joe', 'jpico', 'jstar', 'kak', 'less', 'mc', 'mcedit', 'mg',
    'micro', 'more', 'most', 'nano', 'ne', 'neatvi', 'nvi', 'nvim', 'nvimdiff', 'pico', 'rjoe', 'rnano', 'rview', 'rvim',
    'sensible-editor', 'sensible-pager', 'vi', 'view', 'vim', 'vimdiff', 'zile',
)  # fmt: skip

# With these arguments they work without a person.
BATCH = ('-es', '-Es', '--batch', '-batch', '--script', '-script', '--headless')

# By the tag with which Mercurial starts a program (ui.system, blockedtag); what the user can give instead.
INSTEAD = {
    b'editor': b'give the message with -m or -l',
    b'mergetool': b'choose another merge tool, such as --tool :merge3',
}

SSH = b"ssh has no terminal here to ask for a password or about a host's key; set up ~/.ssh of the server's user"


def leave():
    """Give up the controlling terminal, if the daemon was started at one (TIOCNOTTY in tty_ioctl(4)): a program that
    opens /dev/tty, such as ssh for a passphrase, fails, and the kernel does not stop it for reading from a background
    process. Not by setsid(2): in a session of its own, the kernel would not stop a worker for chg's Ctrl-Z."""
    try:
        tty = os.open('/dev/tty', os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return  # the usual case
    try:
        fcntl.ioctl(tty, termios.TIOCNOTTY)
    except OSError:
        pass
    finally:
        os.close(tty)


def refuseprograms():
    """From now on, a program that needs a terminal fails at once, with a sentence that says what to give instead."""
    system, runsystem = uimod.ui.system, uimod.ui._runsystem
    tags = [None]

    def taggedsystem(self, *args, **kwargs):
        tags.append(kwargs.get('blockedtag'))
        try:
            return system(self, *args, **kwargs)
        finally:
            tags.pop()

    def run(self, cmd, *args, **kwargs):
        name = needed(os.fsdecode(cmd))
        if not name:
            return runsystem(self, cmd, *args, **kwargs)
        instead = INSTEAD.get(tags[-1])
        reason = b"%s needs a terminal, and this server's clients have none" % os.fsencode(name)
        self.warn(b'hg-cmdserver: %s%s\n' % (reason, b'; ' + instead if instead else b''))
        return 1

    uimod.ui.system = taggedsystem
    uimod.ui._runsystem = run
    hint = configitems.coreitems.get(b'ui', {}).get(b'ssherrorhint')
    if hint and hint.default is None:
        hint.default = SSH  # behind "no suitable response from remote hg" (sshpeer.py)


def needed(command):
    """the name of the program that a shell's command line starts, if that program needs a terminal; else nothing"""
    words = command.replace('"', ' ').replace("'", ' ').split()
    while words and (words[0] in ('env', 'exec', 'command') or '=' in words[0].partition('/')[0]):
        del words[0]
    if not words or any(word in BATCH for word in words):
        return ''
    path = shutil.which(words[0]) or words[0]
    names = [os.path.basename(each) for each in (words[0], os.path.realpath(path))]
    stems = (name.split(mark)[0] for name in names for mark in ('\0', '.', '-'))
    found = any(stem in PROGRAMS for stem in stems)
    if found and names[0].startswith('emacs') and '-nw' not in words and '-t' not in words:
        found = not (os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'))  # it opens a window
    return names[0] if found else ''
