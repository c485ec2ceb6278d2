"""Starts Mercurial as hg-cmdserver's template or as a strict server of one connection, or tries the latter.

    main.py template HG [NAME=VALUE...] -- [HG OPTION...]
    main.py pipe     HG [NAME=VALUE...] -- [HG OPTION...]
    main.py prove    HG [NAME=VALUE...] -- [HG OPTION...]
    main.py chg      HG DESCRIPTOR -- ARGUMENT...
    main.py first    HG -- COMMAND...

HG is the hg script whose place this program takes, with that script's interpreter. The values:

    max-request=BYTES       the longest request
    idle-timeout=SECONDS    after which a connection without a request ends; 0: never
    email-domain=NAME       of addresses of other users who commit; if not given, the host's name
    max-repo-cache=N        how many repositories a template keeps loaded
    warm-up=DIRECTORY       where a template makes its private repository; if not given, it makes none
    chg=RULE,...            the template is for chg: it loads no configuration and no extension. The rules are names
                            of variables, and beginnings of names with a "*": a client must have the same as this
                            process. After a "!", a client must not have them. Of several rules for a variable the
                            first counts
    preload=yes             the template for chg loads the configuration of this environment and its extensions,
                            if commands would not notice; see hgcmdserver/preloaded.py
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
hgcmdserver/daemonline.py. `first` serves the clients that wait at the inherited socket, as `pipe` does, and becomes
the COMMAND that starts the daemon: see hgcmdserver/first.py.

Descriptors 1 and 2 must not be a client's, since hooks print to them.
"""

import os
import signal
import sys
import time

# The oldest Python that our modules support. Any Python since 2.7 can run this script, so that the script can
# report that, and have hg's own server take over.
OLDEST = (3, 7)

STARTED = int(time.time() * 10**9)  # nanoseconds
HERE = os.path.dirname(os.path.abspath(__file__))


def main(mode, *arguments):
    if HERE not in sys.path:  # an isolated interpreter does not search the script's directory
        sys.path.append(HERE)
    if mode == 'first' and not first(*arguments):
        mode, arguments = 'pipe', (arguments[0], 'check=yes', '--')
    if sys.version_info < OLDEST:
        refuse('RuntimeError: Python %d.%d is too old' % sys.version_info[:2], mode, *arguments)
    try:
        from hgcmdserver import modes  # the rest, which Python need not compile in each process, as it does a script
    except Exception as inst:  # such as in the middle of an installation
        refuse('%s: %s' % (type(inst).__name__, inst), mode, *arguments)

    modes.modes(sys.argv[0], HERE, STARTED).run(mode, arguments)


def first(hg, _dashes, *command):
    """start workers for the first clients; then becomes the command, also if that fails. Returns False in a worker"""
    environment = None
    try:
        if sys.version_info >= OLDEST:
            from hgcmdserver import first as clients

            environment = clients.startworkers(command[command.index('serve') + 1 :])
            if environment is None:
                return False
    except Exception as inst:
        sys.stderr.write('hg-cmdserver: the first clients wait for the daemon: %s\n' % inst)
        sys.stderr.flush()
    for name in ('SIGPIPE', 'SIGXFSZ', 'SIGXFZ'):  # which Python ignores
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execve(command[0], command, environment or os.environ)


def refuse(reason, mode, hg, *arguments):
    """have hg itself serve, or report the reason to the daemon or the proof"""
    os.environ.pop('HG_CMDSERVER_CANCEL', None)  # see hgcmdserver/cancel.py
    options = list(arguments[arguments.index('--') + 1 :])
    if mode == 'chg':
        from hgcmdserver import chg

        os.set_inheritable(int(arguments[0]), False)
        chg.runseparately(hg, options, dict(os.environb), int(arguments[0]))
    if mode == 'pipe':
        sys.stderr.write('hg-cmdserver: using the server of %s: %s\n' % (hg, reason))
        sys.stderr.flush()
        os.execv(hg, [hg, 'serve', '--cmdserver', 'pipe'] + options)
    from hgcmdserver import daemonline

    word = {'template': daemonline.FAILED, 'prove': daemonline.UNUSABLE}[mode]
    daemonline.send(daemonline.CONTROL, word, daemonline.text(reason))
    sys.exit(mode == 'template')


if __name__ == '__main__':
    main(*sys.argv[1:])
