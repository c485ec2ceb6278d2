# Runs the program $1 by python-hglib, as tools do that name their hg, and prints what it answers.
import os
import signal
import sys

import hglib

hglib.HGPATH = sys.argv[1]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in the background, and then so does hg


def answer(client, *words, **kwargs):
    out, err = [], []
    channels = {b'o': out.append, b'e': err.append}
    status = client.runcommand([os.fsencode(word) for word in words], kwargs.get('inputs', {}), channels)
    return words, status, b''.join(out), b''.join(err)


with hglib.open('repository') as hg:
    print(hg.encoding, hg.root(), [(r.rev, r.node, r.author, r.desc) for r in hg.log()], hg.status(all=True))
    print(answer(hg, 'shout', 'a'))  # HGPLAIN switches aliases off
    print(answer(hg, 'config', 'ui'), answer(hg, 'nosuch'))
    try:
        hg.update(b'nosuch')
    except hglib.error.CommandError as inst:
        print(inst)
    with open('repository/b', 'w') as b:
        b.write('b\n')
    hg.commit(b'the second', addremove=True, user=b'u', date=b'0 0')
    print(hg.tip().node)
    print(answer(hg, 'strip', 'tip', '--no-backup'))

with hglib.open('repository', 'latin-1', ['ui.username=me', 'alias.two=log -l2', 'extensions.ask=ask.py']) as hg:
    print(hg.encoding, answer(hg, 'config', 'ui.username'), answer(hg, 'two', '-T', '{rev}\xe9'))
    print(answer(hg, 'ask', inputs={b'L': lambda size: b'somebody\n'}))

os.environ['HGRCPATH'] = os.path.abspath('own.rc')
os.environ['HGPLAINEXCEPT'] = 'alias'
with hglib.open('repository') as hg:
    print(answer(hg, 'shout'), answer(hg, 'config', 'ui', 'cmdserver'))
try:
    hglib.open('missing')
except hglib.error.ServerError as inst:
    print(inst)

# a tool's cancel
hg = hglib.open('repository', configs=['extensions.ask=ask.py'])


def interrupt(data):
    print(data)
    hg.server.send_signal(signal.SIGINT)


print(hg.runcommand([b'wait'], {}, {b'o': interrupt, b'e': print}))
print(answer(hg, 'root'))
print(hg.close())
