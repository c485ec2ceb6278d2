"""Starts Mercurial as hg-cmdserver's template or as a strict server of one connection, or tries the latter.

    main.py template HG [NAME=VALUE...] -- [HG OPTION...]
    main.py pipe     HG [NAME=VALUE...] -- [HG OPTION...]
    main.py prove    HG [NAME=VALUE...] -- [HG OPTION...]
    main.py chg      HG DESCRIPTOR -- ARGUMENT...

HG is the hg script whose place this program takes, with that script's interpreter. The values:

    max-request=BYTES       the longest request
    idle-timeout=SECONDS    after which a connection without a request ends; 0: never
    max-repo-cache=N        how many repositories a template keeps loaded
    warm-up=DIRECTORY       where a template makes its private repository; if not given, it makes none
    chg=RULE,...            the template is for chg: it has loaded no configuration and no extension. The rules
                            are names of variables, and beginnings of names with a "*": its environment has
                            these, and a client must have the same. After a "!", a client must not have them.
                            Of several rules for a variable the first counts
    check=yes               try the strict server before it says hello; if it fails, Mercurial's own server
                            takes its place
    check=only              likewise, but if it fails, answer with the reason and end
    check=no                the strict server is proven
    check=own               the strict server has failed: run Mercurial's own
    messages=lengths        the daemon reads what daemonline.py sends; the daemon of release 0.1.0 does not,
                            and gets neither a template nor a proof until its reload

Between the installation of another release and the daemon's reload, a daemon of one release runs this
program of the other. So a missing value has a default, an unknown one is ignored, and the meanings documented
here never change.

`pipe` serves the connection on descriptors 0 and 1. `chg` runs one command whose status chg awaits on the
DESCRIPTOR: a worker that finds chg at its connection becomes this process. `prove` tries the server of `pipe`,
and `template` tries a worker, before they report that they are ready. They report over descriptor 3: see
hgcmdserver/daemonline.py.

Descriptors 1 and 2 must not be a client's, since hooks print to them.
"""

import os
import re
import struct
import sys
import time

# The oldest Python that our modules support. Any Python since 2.7 can parse this script, so that it can
# report that, and have hg's own server take over.
OLDEST = (3, 7)

STARTED = int(time.time() * 10**9)  # nanoseconds
SCRIPT = sys.argv[0]
HERE = os.path.dirname(os.path.abspath(__file__))


def libdir(hg):
    """where an installed hg script finds Mercurial, if not on the interpreter's path"""
    with open(hg, 'rb') as script:
        found = re.search(br"^libdir = '([^'@]+)'", script.read(), re.MULTILINE)
    if not found:
        return []
    return [os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(hg)), os.fsdecode(found[1])))]


def impersonate(hg, arguments):
    """take the place of the hg script: scmposix.systemrcpath, procutil.hgexecutable and the modules that an
    extension can import depend on the running script"""
    if sys.version_info < OLDEST:
        raise RuntimeError('Python %d.%d is too old' % sys.version_info[:2])
    sys.argv[:] = [hg] + arguments
    sys.path[0:1] = libdir(hg) + [os.path.dirname(os.path.realpath(hg))]
    if HERE not in sys.path:
        sys.path.append(HERE)
    sys.modules['__main__'].__file__ = hg
    import hgdemandimport

    hgdemandimport.enable()


def parse(arguments):
    """the values by name, and hg's options"""
    end = arguments.index('--')
    values = {'max-request': 64 << 20, 'idle-timeout': 0, 'max-repo-cache': 0, 'check': 'no'}
    values.update(argument.split('=', 1) for argument in arguments[:end])
    return values, list(arguments[end + 1 :])


def freshserver(hg, arguments, options):
    """the command line of a strict server of one connection, of the hg installed now"""
    from hgcmdserver import hgscript

    python = hgscript.interpreter(hg)
    if python is None:
        return [hg, 'serve', '--cmdserver', 'pipe'] + options  # an unknown kind of hg
    # check, since the Mercurial that was proven may have been replaced
    return python + [SCRIPT, 'pipe', hg, 'check=yes'] + list(arguments)


def daemonline():
    """the module; this script can be run before anything else can be imported"""
    sys.path.append(HERE)  # an isolated interpreter does not search the script's directory
    from hgcmdserver import daemonline

    return daemonline


def outcome(make):
    """call make() now; returns a function that returns its result, or raises its exception"""
    try:
        made = make()
    except Exception as inst:
        failure = inst

        def raises():
            raise failure

        return raises
    return lambda: made


def template(hg, *arguments):
    values, options = parse(arguments)
    if 'messages' not in values:
        os.write(3, b'failed the service runs an earlier release; reload it\n')
        os._exit(1)
    if 'chg' in values:
        os.chdir('/')  # the daemon's directory may be a repository, with a configuration
        os.environ['HGRCPATH'] = ''
        os.environ['HGRCSKIPREPO'] = '1'
        options = []
    impersonate(hg, ['serve', '--cmdserver', 'prefork'] + options)
    from hgcmdserver import compat
    from hgcmdserver.chg import service as chgservice  # so named, the module is loaded here, not in each worker
    from hgcmdserver.template import template  # now, since hg would turn an ImportError into an abort

    warm = None
    if 'chg' in values:
        from hgcmdserver import chg, chgcommand

        warm = chg.warmprocess(hg, values['chg'].split(','), chgcommand)

    def recorded():
        from hgcmdserver import dependencies

        made = dependencies.dependencies(STARTED, os.fsencode(hg), os.fsencode(HERE), 'chg' in values)
        made.record()
        return made

    def strictserver():
        from hgcmdserver import strictserver

        limits = strictserver.limits(int(values['max-request']), float(values['idle-timeout']))
        return strictserver.maker(limits)

    staleness = outcome(recorded)  # before any configuration is read

    def service(ui, repo):
        return template(
            ui,
            repo,
            hg,
            staleness,
            os.fsencode(values.get('warm-up', '')),
            strictserver,
            int(values['max-repo-cache']),
            lambda: freshserver(hg, arguments, options),
            chgservice(hg, SCRIPT, int(values['max-request']), warm),
        )

    compat.registerservice(b'prefork', service)
    compat.runhgunseen()


def servechg(fd, hg, values):
    """serve the connection if it is chg's; returns if it is not"""
    if sys.version_info < OLDEST:
        return
    sys.path.append(HERE)
    from hgcmdserver import chg

    if chg.isclient(fd):
        chg.serve(fd, hg, SCRIPT, int(values['max-request']))


def pipe(hg, *arguments):
    values, options = parse(arguments)
    servechg(0, hg, values)
    check = values['check']
    connection = None

    def complain(inst, channel):
        """report what is missing: to the proof, or in the log"""
        reason = '%s: %s' % (type(inst).__name__, inst)
        if check == 'only':
            fd = connection.detach() if connection else 1
            reason = reason.encode()
            os.write(fd, struct.pack('>cI', channel, len(reason)) + reason)
            sys.exit(1)
        sys.stderr.write('hg-cmdserver: using the server of %s: %s\n' % (hg, reason))
        sys.stderr.flush()

    try:
        impersonate(hg, ['serve', '--cmdserver', 'strictpipe'] + options)
        from hgcmdserver import compat
        from hgcmdserver import pipe as piped

        connection = piped.connection()

        def strict():
            from hgcmdserver import strictserver

            limits = strictserver.limits(int(values['max-request']), float(values['idle-timeout']))
            return strictserver.maker(limits)

        def service(ui, repo):
            return piped.pipeservice(ui, repo, connection, strict, check, complain)

        compat.registerservice(b'strictpipe', service)
    except Exception as inst:  # a Mercurial with other internals: run hg itself
        complain(inst, b'd')
        if connection:
            connection.giveback()
        os.execv(hg, [hg, 'serve', '--cmdserver', 'pipe'] + options)
    compat.runhg()


def runchgs(hg, fd, _dashes, *arguments):
    """run a command of chg"""
    sys.path.append(HERE)
    from hgcmdserver import chg

    try:
        impersonate(hg, list(arguments))
        from hgcmdserver import chgcommand

        programs = chgcommand.prepare(int(fd))
    except Exception:  # a Mercurial with other internals
        if sys.version_info >= OLDEST:  # an older Python passes no descriptor on
            os.set_inheritable(int(fd), False)
        chg.runseparately(hg, list(arguments), dict(getattr(os, 'environb', os.environ)), int(fd))
    chgcommand.run(programs)


def prove(hg, *arguments):
    if 'messages' not in parse(arguments)[0]:
        os._exit(1)
    line = daemonline()
    from hgcmdserver import proof

    # not hg's options: with -R the proof's commands would use that repository
    values = list(arguments[: arguments.index('--')]) + ['check=only', '--']
    try:
        proof.checkpipe(freshserver(hg, values, []), hg)
    except proof.Unusable as inst:
        line.send(line.CONTROL, line.UNUSABLE, line.text(str(inst)))
        sys.exit(0)
    except proof.Failed:
        raise
    except Exception as inst:  # such as a full disk, which proves nothing
        sys.stderr.write('hg-cmdserver: could not try the strict server: %s\n' % inst)
        sys.stderr.flush()
        os._exit(1)
    line.send(line.CONTROL, line.READY)
    sys.exit(0)


def main(mode, *arguments):
    if mode in ('pipe', 'chg'):
        {'pipe': pipe, 'chg': runchgs}[mode](*arguments)
        return
    try:
        {'template': template, 'prove': prove}[mode](*arguments)
        reason = 'the template ended'
    except SystemExit as inst:
        if inst.code in (None, 0):
            raise
        reason = 'hg ended with status %s; its messages are in the log' % inst.code
    except Exception as inst:  # Mercurial is missing, or has other internals
        reason = '%s: %s' % (type(inst).__name__, inst)
    try:
        line = daemonline()
        line.send(line.CONTROL, line.FAILED, line.text(reason))
    except OSError:
        pass  # the template has reported the reason, or the daemon is gone
    sys.exit(1)


if __name__ == '__main__':
    main(*sys.argv[1:])
