"""Random commands with random configurations, by plain hg and by chg: each must answer alike, and leave the same
repository.

    compare.py DIRECTORY SOCKET SEED ROUNDS COMMANDS

Prints each difference, and in the end "served N, of these M ahead".
"""

import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import time

from opened import opened

HERE, SOCKET = sys.argv[1:3]
SEED, ROUNDS, COMMANDS = map(int, sys.argv[3:])
HOME = os.path.join(HERE, 'home')
HGRC = os.path.join(HOME, '.hgrc')
PRISTINE, WORK, OTHER = [os.path.join(HERE, name) for name in ('pristine', 'w k', 'other')]

BUNDLED = """absorb amend automv beautifygraph children churn closehead color commitextras eol extdiff fetch githelp
    graphlog histedit journal keyword mq narrow purge rebase record relink share show sparse split strip transplant
    uncommit acl blackbox censor clonebundles convert fix gpg hgk notify patchbomb""".split()
OTHERS = 'bookflow schemes'.split()  # which commands must load
TIMED = 'dirstate undo.backup.dirstate undo.dirstate blackbox.log namejournal'.split()  # files that contain times
ITEMS = [
    '[x]\ny = %d', '[x]\nz = %d', '[things]\na%d = 1', '[ui]\nverbose = yes', '[ui]\nquiet = yes',
    '[alias]\nmine = log -l%d', '[alias]\nsaid = id', '[paths]\ndefault = ../elsewhere%d', '[hooks]\npre-id = echo %d',
    '[defaults]\nid = --debug', '[keyword]\n**.txt =', '[narrow]\nx = %d', '[diff]\ngit = yes', '[ui]\npaginate = no', '[extdiff]\ncmd.d%d = echo', '[schemes]\ns%d = https://example.org/',
    '[ui]\nlogtemplate = {rev} {desc} %d\\n', '[commands]\nshow.aliasprefix = s%d', '[eol]\nnative = LF',
]  # fmt: skip
OPTIONS = [
    ['-v'], ['-q'], ['--debug'], ['--config', 'x.y=9'], ['--config', 'x.z=9'], ['--config=things.b=2'],
    ['--config', 'extensions.graphlog='], ['--config', 'extensions.show=!'], ['--config', 'ui.verbose=1'],
    ['--cwd', '.hg'], ['-R', '.'], ['--traceback'], ['--config', 'alias.said=root'], ['--pager=no'], ['--hidden'],
]  # fmt: skip
TRIED = [
    'log -l2', 'status', 'id', 'summary', 'said', 'children', 'show bookmarks', 'verify', 'manifest', 'kwfiles', 'help -k extension', 'graft 0', 'files', 'mine', 'config', 'config x', 'config --source',
    'version -q', 'help log', 'help extensions', 'paths', 'diff', 'cat a', 'tip', 'debugextensions', 'ci -m new -u u -d 0',
    'tag -d 0 -u u t', 'branch other', 'rm a', 'add b', 'mv a c', 'bookmark x', 'update 0', 'unknown', 'log -r nothing',
    'swork', 's1work', 'd1', 'root', 'log -R other2', 'uncommit', 'purge', 'journal', 'branches -c', 'phase -p 0', 'qseries', 'rebase -s 1 -d 0', 'strip 1 --config extensions.strip=',
]  # fmt: skip


def environment(**more):
    return {'HOME': HOME, 'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8', **more}


def hg(*arguments, cwd=HERE):
    subprocess.run(['hg', *arguments], check=True, env=environment(), cwd=cwd)


def item(random):
    text = random.choice(ITEMS)
    return (text % random.randrange(3) if '%d' in text else text) + '\n'


def configuration(random):
    """its text, and whether it can be loaded ahead"""
    names = random.sample(BUNDLED, random.randrange(6))
    if random.random() < 0.1:
        names.append(random.choice(OTHERS))
    lines = ['[ui]', 'username = t', '[extensions]'] + ['%s =' % name for name in names]
    lines += ['%include ../flag', '%include ../${FOO}flag', '']
    text = '\n'.join(lines) + ''.join(item(random) for _ in range(random.randrange(4)))
    return text, not set(OTHERS) & set(names)


def repository(random):
    """a path, and an hgrc"""
    text = ''.join(item(random) for _ in range(random.randrange(3)))
    if random.random() < 0.8:
        return WORK, text
    return OTHER, text + '[extensions]\n%s = %s\n' % (random.choice(BUNDLED), random.choice(['', '!']))


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)


def tree(work):
    found = {}
    for directory, _names, files in os.walk(work):
        for name in files:
            path = os.path.join(directory, name)
            if '/cache/' not in path and name not in TIMED:
                with open(path, 'rb') as file:
                    found[path] = file.read()
    return found


def run(program, arguments, variables, work, directory):
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(PRISTINE, work, symlinks=True)
    done = subprocess.run(
        [program, *arguments],
        env=environment(**{'CHGSOCKNAME': SOCKET, 'PWD': directory, **variables}),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    out, err = [re.sub(rb' at 0x[0-9a-f]+', b'', each) for each in (done.stdout, done.stderr)]
    return done.returncode, out, err, tree(work)


def difference(one, other):
    lines = [repr(each).replace('\\n', '\n').splitlines() for each in (one, other)]
    return '\n    '.join(difflib.unified_diff(*lines, 'hg', 'chg', n=0))


def isahead(variables):
    with opened(HGRC) as file:
        status = run('chg', ['id', WORK], variables, WORK, HERE)[0]
        return not status and not file.was()


def main():
    hg('init', 'pristine')
    for n in range(3):
        write(os.path.join(PRISTINE, 'a'), 'line %d\n' % n)
        hg('commit', '-A', '-q', '-m', 'change %d' % n, '-u', 't', '-d', '%d 0' % n, cwd=PRISTINE)
    write(os.path.join(PRISTINE, 'b'), 'new\n')
    served = ahead = 0
    for round in range(ROUNDS):
        dice = random.Random(SEED * 1000 + round)
        text, isforahead = configuration(dice)
        write(HGRC, text)
        write(os.path.join(PRISTINE, '.hg', 'hgrc'), '')
        work = WORK
        end = time.monotonic() + (30 if isforahead else 2)
        while not isahead({'PWD': '/round%d' % round}):  # no command's directory
            if time.monotonic() > end:
                if isforahead:
                    print('round %d: not loaded ahead:\n%s' % (round, text))
                break
            time.sleep(0.05)
        for _ in range(COMMANDS):
            if dice.random() < 0.3:
                work, text = repository(dice)
                write(os.path.join(PRISTINE, '.hg', 'hgrc'), text)
            variables = {} if dice.random() < 0.8 else dict([dice.choice([('FOO', '1'), ('HGPLAIN', '1'), ('EDITOR', 'ed')])])
            if dice.random() < 0.03:
                flag = os.path.join(HERE, 'flag')
                os.unlink(flag) if os.path.exists(flag) else write(flag, '[x]\nflag = 1\n')
            arguments = dice.choice(TRIED).split()
            for _ in range(dice.randrange(3)):
                arguments += dice.choice(OPTIONS)
            directory = dice.choice([work, work, os.path.join(work, '.hg'), HERE])
            plain = run('hg', arguments, variables, work, directory)
            with opened(HGRC) as file:
                fast = run('chg', arguments, variables, work, directory)
                ahead += not file.was()
            served += 1
            if plain != fast:
                print('round %d: %s in %s with %s' % (round, ' '.join(arguments), directory, variables))
                for name, one, other in zip(('status', 'out', 'err', 'files'), plain, fast):
                    if one != other:
                        print('  %s: %s' % (name, difference(one, other)))
                with open(HGRC) as users, open(os.path.join(PRISTINE, '.hg', 'hgrc')) as own:
                    print(users.read(), '---', own.read())
    print('served %d, of these %d ahead' % (served, ahead))


main()
