"""The modes of main.py, which documents them and their arguments."""

import os
import re
import struct
import sys

from hgcmdserver import title
from hgcmdserver import cancel  # takes the secret out of the environment, in which no program must see it


def libdir(hg):
    """where an installed hg script finds Mercurial, if not on the interpreter's path"""
    with open(hg, 'rb') as script:
        found = re.search(br"^libdir = '([^'@]+)'", script.read(), re.MULTILINE)
    if not found:
        return []
    return [os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(hg)), os.fsdecode(found[1])))]


def parse(arguments):
    """the values by name, and hg's options"""
    end = arguments.index('--')
    values = {'max-request': 64 << 20, 'idle-timeout': 0, 'max-repo-cache': 0, 'check': 'no'}
    values.update(argument.split('=', 1) for argument in arguments[:end])
    return values, list(arguments[end + 1 :])


def strictservers(values):
    """a function that makes strict servers"""
    from hgcmdserver import strictserver

    domain = values.get('email-domain', '')
    settings = strictserver.settings(int(values['max-request']), float(values['idle-timeout']), domain)
    return strictserver.maker(settings)


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


class modes:
    def __init__(self, script, home, started):
        """script: the path of main.py as this process was given it; home: its directory; started: the time of
        this process's start, in nanoseconds since the epoch"""
        self._script = script
        self._home = home
        self._started = started

    def run(self, mode, arguments):
        if mode in ('pipe', 'chg'):
            {'pipe': self._pipe, 'chg': self._chg}[mode](*arguments)
            return
        try:
            {'template': self._template, 'prove': self._prove}[mode](*arguments)
            reason = 'the template ended'
        except SystemExit as inst:
            if inst.code in (None, 0):
                raise
            reason = 'hg ended with status %s; its messages are in the log' % inst.code
        except Exception as inst:  # Mercurial is missing, or has other internals
            reason = '%s: %s' % (type(inst).__name__, inst)
        from hgcmdserver import daemonline

        try:
            daemonline.send(daemonline.CONTROL, daemonline.FAILED, daemonline.text(reason))
        except OSError:
            pass  # the template has reported the reason, or the daemon is gone
        sys.exit(1)

    def _impersonate(self, hg, arguments):
        """take the place of the hg script: scmposix.systemrcpath, procutil.hgexecutable and the modules that an
        extension can import depend on the running script"""
        sys.argv[:] = [hg] + arguments
        sys.path[0:1] = libdir(hg) + [os.path.dirname(os.path.realpath(hg))]
        if self._home not in sys.path:
            sys.path.append(self._home)
        sys.modules['__main__'].__file__ = hg
        import hgdemandimport

        hgdemandimport.enable()

    def _freshserver(self, hg, arguments, options):
        """the command line of a strict server of one connection, of the hg installed now"""
        from hgcmdserver import hgscript

        python = hgscript.interpreter(hg)
        if python is None:
            return [hg, 'serve', '--cmdserver', 'pipe'] + options  # an unknown kind of hg
        cancel.restore()
        # check, since the Mercurial that was proven may have been replaced
        return python + [self._script, 'pipe', hg, 'check=yes'] + list(arguments)

    def _template(self, hg, *arguments):
        values, options = parse(arguments)
        from hgcmdserver import tty

        tty.leave()
        if 'messages' not in values:
            os.write(3, b'failed the service runs an earlier release; reload it\n')
            os._exit(1)
        if 'chg' in values:
            os.chdir('/')  # the daemon's directory may be a repository, with a configuration
            hiding = {'HGRCPATH': '', 'HGRCSKIPREPO': '1'}
            clients = {name: os.environ.pop(name, None) for name in hiding}
            os.environ.update(hiding)
            options = []
        title.set(title.TEMPLATE_FOR_CHG if 'chg' in values else title.TEMPLATE)
        title.name(os.geteuid())  # once, not in each worker
        self._impersonate(hg, ['serve', '--cmdserver', 'prefork'] + options)
        from hgcmdserver import compat, terminal
        from hgcmdserver.chg import service as chgservice  # so named, the module is loaded here, not in each worker
        from hgcmdserver.template import template  # now, since hg would turn an ImportError into an abort

        warm = load = None
        if 'chg' not in values:  # whose commands have a standard error of the client's
            from hgcmdserver import printable

            printable.log()
            terminal.refuseprograms()
        else:
            from hgcmdserver import chg, chgcommand

            warm = chg.warmprocess(hg, values['chg'].split(','), chgcommand)
            if values.get('preload') == 'yes':
                from hgcmdserver.preloaded import load as loadconfiguration

                load = lambda: loadconfiguration(clients)

        def recorded():
            from hgcmdserver import dependencies

            made = dependencies.dependencies(
                self._started, os.fsencode(hg), os.fsencode(self._home), 'chg' in values
            )
            made.record()
            return made

        staleness = outcome(recorded)  # before any configuration is read

        def service(ui, repo):
            return template(
                ui,
                repo,
                hg,
                staleness,
                os.fsencode(values.get('warm-up', '')),
                lambda: strictservers(values),
                int(values['max-repo-cache']),
                lambda: self._freshserver(hg, arguments, options),
                chgservice(hg, self._script, int(values['max-request']), warm),
                load,
            )

        compat.registerservice(b'prefork', service)
        compat.runhgunseen()

    def _pipe(self, hg, *arguments):
        values, options = parse(arguments)
        from hgcmdserver import chg, peer, tty

        tty.leave()
        title.worker(title.SPAWNED, peer.credentials(0)[1])
        if chg.isclient(0):
            chg.serve(0, hg, self._script, int(values['max-request']))
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
            self._impersonate(hg, ['serve', '--cmdserver', 'strictpipe'] + options)
            from hgcmdserver import compat, printable, terminal

            printable.log()
            terminal.refuseprograms()
            from hgcmdserver import pipe as piped

            connection = piped.connection()
            messages = piped.messages()

            def service(ui, repo):
                messages.kept = None
                return piped.pipeservice(
                    ui, repo, connection, lambda: strictservers(values), check, complain
                )

            compat.registerservice(b'strictpipe', service)
        except Exception as inst:  # a Mercurial with other internals: run hg itself
            complain(inst, b'd')
            if connection:
                connection.giveback()
            os.execv(hg, [hg, 'serve', '--cmdserver', 'pipe'] + options)
        try:
            compat.runhg()
        except SystemExit as inst:
            if messages.kept is not None and check != 'only':  # such as an error in a configuration file
                piped.tellwhy(connection.detach(), inst.code, messages.kept)
            raise

    def _chg(self, hg, fd, _dashes, *arguments):
        """run a command of chg"""
        from hgcmdserver import chg

        title.name(os.geteuid())
        title.worker(title.SPAWNED, os.geteuid())
        title.command([os.fsencode(argument) for argument in arguments])
        try:
            self._impersonate(hg, list(arguments))
            from hgcmdserver import chgcommand

            programs = chgcommand.prepare(int(fd))
        except Exception:  # a Mercurial with other internals
            os.set_inheritable(int(fd), False)
            chg.runseparately(hg, list(arguments), dict(os.environb), int(fd))
        chgcommand.runtoend(programs)

    def _prove(self, hg, *arguments):
        if 'messages' not in parse(arguments)[0]:
            os._exit(1)
        title.set(title.PROOF)
        from hgcmdserver import daemonline as line
        from hgcmdserver import proof

        # not hg's options: with -R the proof's commands would use that repository
        values = list(arguments[: arguments.index('--')]) + ['check=only', '--']
        try:
            proof.checkpipe(self._freshserver(hg, values, []), hg)
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
