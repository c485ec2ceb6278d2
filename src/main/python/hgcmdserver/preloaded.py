"""A configuration with its extensions, loaded by a template for the commands of clients for which a new process would
load the same one, in the same way.

    what a new process does           | here
    ----------------------------------+--------------------------------------------------------------------
    ui.load() reads the configuration | the ui was made by ui.load(), from files of which none has changed
                                      | since, with the same values of all variables that this looked at
    then come the repository's hgrc,  | as in a new process
    and --config                      |
    extensions.loadall(lui) loads     | loadall() has loaded them, with the same values of all items of the
    the extensions                    | configuration that this looked at. Items that it set are set in lui, and
                                      | the ui that it got, which extensions may keep, becomes lui
    everything else                   | as in a new process

If a variable or an item differs, a new process runs the command.

Only some of Mercurial's own extensions are loaded ahead (EXTENSIONS). The template runs no other before a command asks
for it. Another one might replace a function that a command calls before loadall(): schemes replaces hasdriveletter, and
`hg -R default` with a path of a scheme would answer otherwise. observation.py records what the loading looks at, and
refuses a loading that a later command could notice.
"""

import contextlib
import copy
import os
import sys

from mercurial import extensions, ui as uimod
from mercurial.utils import procutil

from hgcmdserver import compat, isolation, observation

# Of Mercurial's own extensions those that wrap nothing that runs before extensions are loaded, nor what rehearsals run,
# and that keep nothing which the start of a command replaces. blackbox sets its logger later (uipopulate).
EXTENSIONS = isolation.EXTENSIONS.union(
    'acl blackbox censor clonebundles convert fix gpg hgk notify patchbomb'.split()
)

# What all uis of a process have in common, and what only measures.
SHARED = ('environ', '_knownconfig', '_blockedtimes')

# The attributes of a ui that are derived from items, and those items.
DERIVED = {'verbose': b'verbose', 'quiet': b'quiet', 'debugflag': b'debug', 'tracebackflag': b'traceback'}


def load(variables):
    """load the configuration and the extensions of a client with these variables, otherwise with those of this process;
    returns that, and None; or None, and the observation.Unfit for which commands must do that themselves. After an
    exception this process is of no use"""
    ours = {name: os.environ.get(name) for name in variables}
    _set(variables)
    compat.settle()
    loaded = preloaded()
    try:
        loaded.observe()
    except Exception as inst:
        _set(ours)
        if isinstance(inst, observation.Unfit):
            return None, inst
        return None, observation.Unfit('%s: %s' % (type(inst).__name__, inst))
    loaded.load()
    return loaded, None


def _set(variables):
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


class _silent:
    """a stream of a command before its extensions are loaded: what the command would say so early could differ, or
    come twice, so that a new process says it. But for what an interrupt causes: no other process must run that command"""

    def __init__(self, stream, otherwise):
        self._stream = stream
        self._otherwise = otherwise

    def write(self, data):
        interrupt = sys.exc_info()[0]
        if self._otherwise and data and not (interrupt and issubclass(interrupt, KeyboardInterrupt)):
            self._otherwise(True)
        return self._stream.write(data)

    def isover(self):
        """the extensions are loaded: a command that may have had effects is never run again"""
        self._otherwise = None

    def __getattr__(self, name):
        return getattr(self._stream, name)


class preloaded:
    def observe(self):
        """see what loading the configuration of this process's environment and its extensions would look at; raises
        observation.Unfit if commands must load them"""
        if not os.environ.get('HOME'):
            raise observation.Unfit('HOME is not set')  # Mercurial would look into the user database
        observed = observation.observe(self._try)
        self.paths = observed.paths  # of files, present or not
        self.environment = {name: os.environb.get(name) for name in observed.names}
        self._expect(observed.items)

    def load(self):
        """after that: load them"""
        try:
            self._load()
        except observation.Unfit as inst:
            raise RuntimeError('the configuration, which a first process could load: %s' % inst)

    @property
    def ui(self):
        """with the configuration, for reading"""
        return self._pristine

    def sections(self):
        """those of the configuration in which an item of a command's own may be one that was looked at"""
        return sorted(self._expected)

    def names(self, section):
        """those that were looked at in this section; None if that were all"""
        return self._expected.get(section, ())

    def _try(self, watcher):
        here = os.getcwdb()
        os.chdir(os.path.dirname(os.path.abspath(os.fsencode(__file__))))
        elsewhere = uimod.ui.load()
        os.chdir(here)
        self._load(watcher.configuration(), watcher.extensions(), lambda cls: _watched(cls, watcher))
        if compat.configuration(self._pristine) != compat.configuration(elsewhere):
            raise observation.Unfit('it depends on the current directory')
        self._expect(watcher.items)
        ui = self.makeui(uimod.ui)
        if not self.isfor(ui.copy()):
            raise observation.Unfit('it differs from itself')
        self._apply(ui)

    def _load(self, reading=contextlib.nullcontext(), loading=contextlib.nullcontext(), variant=lambda cls: cls):
        with reading:
            self._pristine = uimod.ui.load()
        refuseothers(self._pristine)
        cls = variant(compat.programsui(uimod.ui(), None))
        self._loader = ui = cls(self._pristine)
        before, attributes = list(map(_contents, compat.configs(ui))), _attributes(ui)
        with loading:
            extensions.loadall(ui)
        if ui.__class__ is not cls or _attributes(ui) != attributes or compat.exithandlers():
            raise observation.Unfit('it changes more than items of the ui')
        self._changes = _changes(before, list(map(_contents, compat.configs(ui))))
        # these copies keep their sections when commands change theirs
        self._kept = [config.copy() for config in compat.configs(self._pristine)]

    def _expect(self, items):
        self._expected = {}  # names by section; None for all names
        for section, name in items:
            names = self._expected.setdefault(section, set())
            if name is None or names is None:
                self._expected[section] = None
            else:
                names.add(name)

    # in a worker

    def serves(self, arguments):
        """whether a command with these may take it; of the others, serve and the debugger look for extensions before
        they are loaded, and a profile begins"""
        return not {b'--stdio', b'--debugger', b'--profile'}.intersection(arguments)

    def makeui(self, cls, streams=None):
        """what cls.load() would return"""
        ui = cls()
        vars(ui).update(vars(self._pristine))
        _setstreams(ui, *(streams or _streams()))
        return ui

    def take(self, cls, otherwise):
        """have the command that runs next in this process take the configuration, with uis of this class, and the
        extensions that are loaded. If it would load them in another way, otherwise(directory) is called, which does
        not return; directory: whether that is because of a configuration in its directory"""
        loadall, load = extensions.loadall, uimod.ui.__dict__['load']
        hidden = compat.hideextensions()
        uis = []
        silent = [_silent(each, otherwise) for each in _streams()]

        def loadui(_cls):
            uimod.ui.load = load
            uis.append(self.makeui(cls, silent))
            return uis[0]

        def takeall(ui, *args, **kwargs):
            extensions.loadall = loadall
            overlay, others = self._compare(ui)
            if not (overlay and others):
                otherwise(overlay)
            for each in silent:
                each.isover()
            for each in (*uis, ui):
                _setstreams(each, *_streams())
            compat.showextensions(hidden)
            self._apply(ui)

        extensions.loadall = takeall
        uimod.ui.load = classmethod(loadui)

    def rehearse(self, cls):
        """take the configuration, and take that back"""

        def otherwise(_directory):
            raise RuntimeError('it would be loaded in another way')

        loadall, load = extensions.loadall, uimod.ui.__dict__['load']
        tables = compat.extensiontables()
        kept, attributes = self._loader.__class__, self._loader.__dict__
        try:
            self.take(cls, otherwise)
            ui = uimod.ui.load()
            extensions.loadall(ui.copy())
        finally:  # a template that fails here serves without further rehearsals
            extensions.loadall, uimod.ui.load = loadall, load
            compat.showextensions(tables)
            self._loader.__class__, self._loader.__dict__ = kept, attributes

    def isfor(self, ui):
        """whether loading extensions with this ui would do the same"""
        return all(self._compare(ui))

    def _compare(self, ui):
        """whether what was looked at is the same in the overlay, which has what the command line sets, and in the rest
        of the configuration"""
        if compat.haslogger(ui) or ui.configbool(b'profiling', b'enabled'):
            return True, False  # a logger or a profile of this directory
        overlay, *others = [self._aresame(*pair) for pair in zip(self._kept, compat.configs(ui))]
        return overlay, all(others)

    def _aresame(self, ours, theirs):
        for section, names in self._expected.items():
            if ours[section] is theirs[section]:
                continue
            ourswhole, theirswhole = _items(ours, section), _items(theirs, section)
            if names is None:
                if list(ourswhole.items()) != list(theirswhole.items()):
                    return False
            elif any(ourswhole.get(name) != theirswhole.get(name) for name in names):
                return False
        return True

    def _apply(self, ui):
        for section, name, value, source in self._changes:
            ui.setconfig(section, name, value, source)
        self._loader.__class__ = ui.__class__
        self._loader.__dict__ = ui.__dict__


def _streams():
    return procutil.stdout, procutil.stderr


def _setstreams(ui, out, err):
    ui.fin, ui.fout, ui.ferr = procutil.stdin, out, err


def refuseothers(ui):
    """raise Unfit if the configuration has extensions that are not to be loaded ahead"""
    for name, path in ui.configitems(b'extensions'):
        if b':' in name or path.startswith(b'!'):  # a sub-option, or disabled
            continue
        short = name[len(b'hgext.') :] if name.startswith((b'hgext.', b'hgext/')) else name
        if path or not (short in compat.NOEXTENSIONS or os.fsdecode(short) in EXTENSIONS):
            raise observation.Unfit('it has the extension %s' % os.fsdecode(name))


def _items(config, section):
    """values and sources by name"""
    return {name: (value, config.source(section, name)) for name, value in config.items(section)}


def _contents(config):
    return {
        (section, name): content
        for section in config.sections()
        for name, content in _items(config, section).items()
    }


def _changes(before, after):
    """the items that setconfig() has set"""
    changed = {item: content for item, content in after[0].items() if before[0].get(item) != content}
    for old, new in zip(before, after):
        if new != {**old, **changed}:
            raise observation.Unfit('it changes the configuration other than by setconfig()')
    return [(*item, *content) for item, content in changed.items()]


def _attributes(ui):
    others = {name: value for name, value in vars(ui).items() if name not in (*compat.CONFIGS, *SHARED)}
    return {name: copy.copy(value) if isinstance(value, (dict, list, set)) else value for name, value in others.items()}


def _watched(cls, watcher):
    """a variant of a class of uis that reports what is read of its instances' state"""

    def attribute(name, item):
        def get(ui):
            if not compat.readsconfig():
                watcher.item(b'ui', item)
            return vars(ui)[name]

        def set(ui, value):
            vars(ui)[name] = value

        return property(get, set)

    def copied(ui):
        watcher.process('ui.copy')
        return original(ui)

    original = cls.copy
    return type(cls)(cls.__name__, (cls,), {'copy': copied, **{n: attribute(n, i) for n, i in DERIVED.items()}})
