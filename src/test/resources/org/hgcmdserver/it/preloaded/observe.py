"""What is observed while a configuration is loaded: for each line of the input, which an extension runs in its uisetup,
prints why commands must load it, or what it looked at.

    observe.py PYTHON DIRECTORY

PYTHON is the directory of the daemon's modules.
"""

import os
import sys

sys.path.append(sys.argv[1])
DIRECTORY = sys.argv[2]
sys.argv[:] = ['/usr/bin/hg', 'serve']

import hgdemandimport

hgdemandimport.enable()

from mercurial import commands, dispatch, localrepo

from hgcmdserver import observation, preloaded

os.environ['HGRCPATH'] = os.path.join(DIRECTORY, 'hgrc')
preloaded.refuseothers = lambda ui: None
dispatch.dispatch, commands.table, localrepo.localrepository  # no longer lazy
for number, line in enumerate(sys.stdin):
    extension = os.path.join(DIRECTORY, 'extension%d.py' % number)
    with open(extension, 'w') as file:
        file.write('def uisetup(ui):\n    ' + line)
    with open(os.environ['HGRCPATH'], 'w') as file:
        file.write('[extensions]\nextension = %s\n' % extension)
    loading = preloaded.preloaded()
    try:
        loading.observe()
    except observation.Unfit as inst:
        print(str(inst).replace(extension, 'it'))
        continue
    names = [name for name in loading.environment if name in (b'A', b'B')]
    paths = [path for path in loading.paths if path.startswith(b'/no/')]
    read = loading.names(b'x')
    print(names, paths, ['all'] if read is None else sorted(read), loading.sections())
