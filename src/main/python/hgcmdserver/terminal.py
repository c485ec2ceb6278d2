"""A client of the command server has no terminal, so no editor and no merge tool that needs one must start.

Such a program would wait for ever, and keep the repository's locks: vim, for instance, reads its standard error if no
other stream is a terminal. A program is recognized by its name, since it does not say what it needs.
"""

import os
import re
import shlex
import shutil

from mercurial import configitems, ui as uimod

# Programs that need a terminal, and how distributions name their variants: vim.tiny, emacs-nox
PROGRAMS = re.compile(
    r'(?:emacs|helix|hx|jed|jmacs|joe|jpico|jstar|kak|mcedit|mg|micro|nano|ne|neatvi|nvi|nvim|nvimdiff|pico|rjoe|rnano'
    r'|rview|rvim|sensible-editor|vi|view|vim|vimdiff|vimtutor|zile)'
    r'(?:[.-](?:basic|tiny|nox|gtk\d*|gtk-py\d*|athena|lucid|motif|pgtk|x|\d[\d.]*))*'
)

# Programs that start another one, whose name follows their options.
STARTERS = ('command', 'env', 'exec', 'ionice', 'nice', 'nohup', 'setsid', 'sudo', 'time')
SHELLS = ('bash', 'dash', 'sh', 'zsh')

# With these arguments the programs work without a person.
BATCH = ('-es', '-Es', '--batch', '-batch', '--script', '-script', '--headless')

# The tags with which Mercurial starts such programs (ui.system, blockedtag), and what the user can give instead.
INSTEAD = {
    b'config_edit': b'',
    b'editor': b'give the message with -m or -l',
    b'extdiff': b'',
    b'filterpatch': b'',
    b'mergetool': b'choose another merge tool, such as --tool :merge3',
    b'partial-mergetool': b'',
}

SSH = b"if ssh needed a password, or a host's key is new: ssh has no terminal here; set up ~/.ssh of the server's user"


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
        instead = INSTEAD.get(tags[-1])
        name = '' if instead is None else needed(os.fsdecode(cmd))  # a hook may do as it likes
        if not name:
            return runsystem(self, cmd, *args, **kwargs)
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
    try:
        words = shlex.split(command)
    except ValueError:  # an open quotation mark
        words = command.split()
    while words:
        name = os.path.basename(words[0])
        if re.match(r'\w+=', words[0]):  # a variable
            del words[0]
        elif name in STARTERS:
            del words[0]
            while words and re.match(r'-|\d+$', words[0]):
                del words[0]
        elif name in SHELLS and words[1:2] == ['-c'] and len(words) > 2:
            return needed(words[2])
        else:
            break
    if not words or any(word in BATCH for word in words):
        return ''
    given = os.path.basename(words[0])
    real = os.path.basename(os.path.realpath(shutil.which(words[0]) or words[0]))
    if not any(PROGRAMS.fullmatch(name) for name in (given, real)) or _opensawindow(given, real, words[1:]):
        return ''
    return given


def _opensawindow(given, real, arguments):
    """whether the program is a graphical one, on a display of the server's user"""
    if not (os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
        return False
    if any(name.startswith('emacs') and 'nox' not in name for name in (given, real)):
        return '-nw' not in arguments and '-t' not in arguments
    return given.startswith('g') or '-g' in arguments  # gvim, gvimdiff
