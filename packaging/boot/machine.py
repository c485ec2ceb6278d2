"""A Debian that runs in a container, with systemd as its init."""

import ctypes
import os
import signal
import subprocess
import time

PATIENCE = 60  # seconds: an upper bound, far longer than any step takes


class Failure(Exception):
    """an expectation of the test does not hold"""


def wait_for(what, condition, patience=PATIENCE):
    """wait for a true value of condition(), and return it"""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure('waited %d s without success: %s' % (patience, what))
        time.sleep(0.05)


def _die_with_parent():
    PR_SET_PDEATHSIG = 1  # prctl(2)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Machine:
    """A container with a root tree; its only network is its own loopback interface."""

    def __init__(self, root, files, console):
        """files: a directory that the container sees as /boot-test"""
        self._console = open(console, 'ab')
        self._command = (
            ['systemd-nspawn', '--quiet', '--directory', root, '--register=no', '--keep-unit', '--boot']
            + ['--console=pipe', '--private-network', '--resolv-conf=off', '--timezone=off']
            + ['--link-journal=no', '--bind-ro=%s:/boot-test' % files]
        )
        self._boot()

    def _boot(self):
        self._nspawn = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=self._console,
            preexec_fn=_die_with_parent,
        )
        self._init = wait_for('the container starts', self._find_init)
        wait_for('systemd is up', self._is_up)

    def _find_init(self):
        if self._nspawn.poll() is not None:
            raise Failure('systemd-nspawn ended with status %d' % self._nspawn.returncode)
        path = '/proc/%d/task/%d/children' % (self._nspawn.pid, self._nspawn.pid)
        for child in open(path).read().split():
            if self._comm(child) == 'systemd':
                return int(child)
        return None

    @staticmethod
    def _comm(pid):
        try:
            return open('/proc/%s/comm' % pid).read().strip()
        except OSError:
            return ''

    def _is_up(self):
        state = self.run('systemctl', 'is-system-running', check=False).stdout.strip()
        return state in ('running', 'degraded')

    def _inside(self, command, user):
        enter = ['nsenter', '--target', str(self._init), '--all', '--']
        clean = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND=noninteractive']
        become = ['runuser', '-u', user, '--'] if user else []
        return enter + clean + become + list(command)

    def run(self, *command, user=None, check=True, stdin='', timeout=2 * PATIENCE):
        """run a command to its end, with its output as text"""
        result = subprocess.run(
            self._inside(command, user),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=timeout,
        )
        if check and result.returncode != 0:
            raise Failure(
                '%s ended with %d: %s'
                % (' '.join(command), result.returncode, result.stderr.strip() or result.stdout.strip())
            )
        return result

    def start(self, *command, user=None):
        """start a command that runs in parallel with the test"""
        return subprocess.Popen(
            self._inside(command, user),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def write(self, path, text):
        self.run('sh', '-c', 'mkdir -p "$(dirname "$1")" && cat >"$1"', 'sh', path, stdin=text)

    def exists(self, path):
        return self.run('test', '-e', path, check=False).returncode == 0

    def reboot(self):
        """reboot by the system's own systemctl; returns when the system is up again"""
        REBOOT = 133  # systemd-nspawn ends with this status to request another start (--keep-unit)
        self.run('systemctl', 'reboot', check=False)
        try:
            status = self._nspawn.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            jobs = self.run('systemctl', 'list-jobs', '--no-pager', check=False)
            processes = self.run('ps', '-eo', 'pid,ppid,stat,wchan,args', check=False)
            raise Failure('the system does not shut down:\n%s%s%s' % (jobs.stdout, jobs.stderr, processes.stdout))
        if status != REBOOT:
            raise Failure('systemd-nspawn ended with status %d' % status)
        self._boot()

    def destroy(self):
        """shut the container down in any state"""
        if self._nspawn.poll() is None:
            self._nspawn.terminate()  # on this signal systemd powers off
            try:
                self._nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        self._console.close()
