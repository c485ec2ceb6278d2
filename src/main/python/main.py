"""Starts Mercurial as hg-cmdserver's template, or as a strict server of one connection; or tries that.

    main.py template HG [NAME=VALUE...] -- [HG OPTION...]
    main.py pipe     HG [NAME=VALUE...] -- [HG OPTION...]
    main.py prove    HG [NAME=VALUE...] -- [HG OPTION...]

HG is the hg script in whose place this runs, with its interpreter. The values:

    max-request=BYTES       the longest request
    idle-timeout=SECONDS    after which a connection that asks nothing is ended; 0: never
    max-repo-cache=N        how many repositories a template keeps loaded
    warm-up=DIRECTORY       where a template makes its private repository; none: it does without
    check=yes               try the strict server before it says hello; Mercurial's own server takes the
                            place of one that fails. only: none does, and the reason is the answer. no:
                            it is proven. own: it has failed

Between the installation of another release and the daemon's reload it is a daemon of the one that
runs this of the other. So a value that is not given has a default, one that is not known is passed
over, and what stands here keeps its meaning.

`pipe` serves the connection that is descriptors 0 and 1. `prove` tries what `pipe` serves, and
`template` tries a worker, before they say that they are ready, over a stream socket, descriptor 3:

    prove -> daemon      "ready\n"; "failed REASON\n": Mercurial's own server is to serve; "unusable
                         REASON\n": hg itself, for nothing here fits it; or nothing if it could not try
    template -> daemon   "without PART: REASON\n": what this Mercurial cannot have
                         "ready\n", or "failed REASON\n" before it ends
    daemon -> template   "f" with one end of a socket pair attached: fork a worker that has it
                         end of file: end

The daemon's end of that pair is its line to the worker:

    template -> daemon   "forked PID\n" or "failed REASON\n", over the same line
    worker -> daemon     "pid PID\n" at first: it is there; "warm\n"; end of file: it has ended, or
                         never began
    daemon -> worker     "w": rehearse, so as to be warm
                         "c" with a connection attached: serve it
                         end of file: end
    worker -> daemon     "stale\n": what the template was made from has changed. The worker serves its
                         connection all the same, as a new process with the new state.

Descriptors 1 and 2 must not be a client's, for hooks print to them.
"""

import os
import re
import struct
import sys
import time

# What our modules need. This script can be read by any Python since 2.7, so that it can say so, and have
# hg's own server take over.
OLDEST = (3, 7)

STARTED = int(time.time() * 10**9)  # nanoseconds
SCRIPT = sys.argv[0]
HERE = os.path.dirname(os.path.abspath(__file__))


def libdir(hg):
    """where an installed hg script finds Mercurial, if not on the path of the interpreter"""
    with open(hg, 'rb') as script:
        found = re.search(br"^libdir = '([^'@]+)'", script.read(), re.MULTILINE)
    if not found:
        return []
    return [os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(hg)), os.fsdecode(found[1])))]


def impersonate(hg, arguments):
    """take the place of the hg script: scmposix.systemrcpath, procutil.hgexecutable and what an
    extension can import all go by the running script"""
    if sys.version_info < OLDEST:
        raise RuntimeError('Python %d.%d is too old' % sys.version_info[:2])
    sys.argv[:] = [hg] + arguments
    sys.path[0:1] = libdir(hg) + [os.path.dirname(os.path.realpath(hg))]
    sys.path.append(HERE)
    sys.modules['__main__'].__file__ = hg
    import hgdemandimport

    hgdemandimport.enable()


def parse(arguments):
    """the values by their names, and hg's options"""
    end = arguments.index('--')
    values = {'max-request': 64 << 20, 'idle-timeout': 0, 'max-repo-cache': 0, 'check': 'no'}
    values.update(argument.split('=', 1) for argument in arguments[:end])
    return values, list(arguments[end + 1 :])


def freshserver(hg, arguments, options):
    """the command line of a strict server of one connection, of the hg that there is now: with the
    interpreter and its argument that the script names (execve(2), "#!"), as TemplateProgram does"""
    with open(hg, 'rb') as script:
        first = script.readline()
    if not first.startswith(b'#!') or b'python' not in first:
        return [hg, 'serve', '--cmdserver', 'pipe'] + options  # of such an hg we know nothing
    python = os.fsdecode(first[2:].strip()).split(None, 1)
    # check: it may be another Mercurial than the one that was proven
    return python + [SCRIPT, 'pipe', hg, 'check=yes'] + list(arguments)


def outcome(make):
    """call make() now; returns a function that returns what it has returned, or raises that"""
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
    impersonate(hg, ['serve', '--cmdserver', 'prefork'] + options)
    from hgcmdserver import compat
    from hgcmdserver.template import template  # now: hg would make an abort of what it cannot import

    def recorded():
        from hgcmdserver import dependencies

        made = dependencies.dependencies(STARTED, os.fsencode(hg), os.fsencode(HERE))
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
        )

    compat.registerservice(b'prefork', service)
    compat.runhgunseen()


def pipe(hg, *arguments):
    values, options = parse(arguments)
    check = values['check']
    connection = None

    def complain(inst, channel):
        """say what is missing: to the proof, or else in the log"""
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
    except Exception as inst:  # a Mercurial with other internals: better hg itself than none
        complain(inst, b'd')
        if connection:
            connection.giveback()
        os.execv(hg, [hg, 'serve', '--cmdserver', 'pipe'] + options)
    compat.runhg()


def prove(hg, *arguments):
    sys.path.append(HERE)  # an isolated interpreter does not look beside the script
    from hgcmdserver import proof

    # not hg's options: with -R the commands of the proof would be for that repository
    values = list(arguments[: arguments.index('--')]) + ['check=only', '--']
    try:
        proof.checkpipe(freshserver(hg, values, []), hg)
    except proof.Unusable as inst:
        os.write(3, b'unusable %s\n' % str(inst).replace('\n', ' ').encode())
        sys.exit(0)
    except proof.Failed:
        raise
    except Exception as inst:  # such as a full disk: that proves nothing
        sys.stderr.write('hg-cmdserver: the strict server was not tried: %s\n' % inst)
        sys.stderr.flush()
        os._exit(1)
    os.write(3, b'ready\n')
    sys.exit(0)


def main(mode, *arguments):
    if mode == 'pipe':
        pipe(*arguments)
        return
    try:
        {'template': template, 'prove': prove}[mode](*arguments)
        reason = 'it ended'
    except SystemExit as inst:
        if inst.code in (None, 0):
            raise
        reason = 'hg ended with status %s, its messages are in the log' % inst.code
    except Exception as inst:  # no Mercurial, or one with other internals
        reason = '%s: %s' % (type(inst).__name__, inst)
    try:
        os.write(3, b'failed %s\n' % reason.replace('\n', ' ').encode())
    except OSError:
        pass  # the template has said why, or the daemon is gone
    sys.exit(1)


if __name__ == '__main__':
    main(*sys.argv[1:])
