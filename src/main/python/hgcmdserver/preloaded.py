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

If a variable or an item differs, a new process runs the command. See observation.py for what loading must not do.

The daemon asks for this only with its system property hgcmdserver.preload, since these still go unnoticed:

- wrappers of what runs before loadall(): of the reading of a repository's hgrc, of -R, --config and callcatch (schemes
  wraps hasdriveletter, so that `hg -R default` with a path of a scheme answers otherwise);
- what the start of a command replaces: sys.stdout, tempfile.tempdir, lock.lock._host, the random state, the garbage
  collector's settings;
- reads of the configuration by `section in config` and level(), and sources of values;
- random numbers that loading has drawn, listings by osutil, and in Python 3.9 looks of pathlib;
- a directory that loading looks at, and that changes all the time: the template is replaced each time;
- what rehearsals do in functions that extensions have wrapped.
"""

import contextlib
import copy
import os

from mercurial import extensions, pycompat, ui as uimod
from mercurial.utils import procutil

from hgcmdserver import compat, observation

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


class _held:
    """a stream that holds what is written until its release"""

    def __init__(self, stream):
        self._stream = stream
        self._data = []

    def write(self, data):
        if self._data is None:
            return self._stream.write(data)
        self._data.append(data)
        return len(data)

    def flush(self):
        if self._data is None:
            self._stream.flush()

    def release(self):
        data, self._data = self._data, None
        for each in data:
            self._stream.write(each)
        if data:
            self._stream.flush()

    def __getattr__(self, name):
        return getattr(self._stream, name)


class preloaded:
    _otherwise = None  # in a worker
    _holding = None

    def observe(self):
        """see what loading the configuration of this process's environment and its extensions would look at; raises
        observation.Unfit if commands must load them"""
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
        cls = variant(compat.programsui(uimod.ui(), None))
        self._loader = ui = cls(self._pristine)
        before, attributes = list(map(_contents, compat.configs(ui))), _attributes(ui)
        with loading:
            extensions.loadall(ui)
        if ui.__class__ is not cls or _attributes(ui) != attributes:
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

    def makeui(self, cls):
        """what cls.load() would return"""
        ui = cls()
        vars(ui).update(vars(self._pristine))
        ui.fin, ui.fout, ui.ferr = procutil.stdin, procutil.stdout, self._errors(ui)
        return ui

    def _errors(self, ui):
        """a stream that holds what is said until it is known who says it: another process would say it again"""
        if self._otherwise is None or b'--debugger' in pycompat.sysargv:
            return procutil.stderr
        self._holding = ui, _held(procutil.stderr)
        return self._holding[1]

    def release(self):
        """say what has been held"""
        if self._holding:
            ui, held = self._holding
            self._holding = None
            held.release()
            ui.ferr = procutil.stderr

    def take(self, otherwise):
        """have the command that runs next in this process take the extensions that are loaded; if it would load them
        in another way, otherwise(directory) is called, which does not return; directory: whether that is because of
        a configuration in its directory"""
        original = extensions.loadall
        self._otherwise = otherwise

        def loadall(ui, *args, **kwargs):
            extensions.loadall = original
            overlay, others = self._compare(ui)
            if not (overlay and others):
                otherwise(overlay)
            self.release()
            ui.ferr = procutil.stderr
            self._apply(ui)

        extensions.loadall = loadall

    def isfor(self, ui):
        """whether loading extensions with this ui would do the same"""
        return all(self._compare(ui))

    def _compare(self, ui):
        """whether what was looked at is the same in the overlay, which has what the command line sets, and in the rest
        of the configuration"""
        if compat.haslogger(ui) or ui.configbool(b'profiling', b'enabled'):
            return False, True
        overlay, *others = [self._aresame(*pair) for pair in zip(self._kept, compat.configs(ui))]
        return overlay, all(others)

    def _aresame(self, ours, theirs):
        for section, names in self._expected.items():
            if ours[section] is theirs[section]:
                continue
            if names is None:
                if ours.items(section) != theirs.items(section):
                    return False
            elif any(ours.get(section, name) != theirs.get(section, name) for name in names):
                return False
        return True

    def _apply(self, ui):
        for section, name, value, source in self._changes:
            ui.setconfig(section, name, value, source)
        self._loader.__class__ = ui.__class__
        self._loader.__dict__ = ui.__dict__


def _contents(config):
    return {
        (section, name): (value, config.source(section, name))
        for section in config.sections()
        for name, value in config.items(section)
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
