#!/bin/sh
# For the packages' scripts: the servers of users' own service managers (systemctl --user).
#   user-services reload    after an upgrade
#   user-services stop      before the removal
# It talks to the managers as their users, through the managers' private sockets. deb-systemd-invoke and
# rpm's macros go through the user's bus, which not every host has: there they do nothing.
set -u
action=${1:?reload or stop}

# of_user SECONDS ARGUMENT...: a manager may hang; what it does is its user's business
of_user() {
    seconds=$1
    shift
    runuser -u "$name" -- env XDG_RUNTIME_DIR="/run/user/$uid" timeout "$seconds" systemctl --user "$@"
}

reload() {
    of_user 10 daemon-reload
    ! of_user 10 --quiet is-active hg-cmdserver.service || of_user 60 reload hg-cmdserver.service ||
        echo "hg-cmdserver: $name's hg-cmdserver.service goes on with the old version" >&2
}

# Both at once, so that no client starts the service again. This waits for commands that run.
stop() {
    of_user 300 stop hg-cmdserver.socket hg-cmdserver.service ||
        echo "hg-cmdserver: $name's hg-cmdserver.service may still run" >&2
}

# as deb-systemd-invoke asks; only Debian has it
if [ -x /usr/sbin/policy-rc.d ]; then
    status=0
    /usr/sbin/policy-rc.d hg-cmdserver.service "$action" || status=$?
    [ "$status" != 101 ] || exit 0
fi

for manager in $(systemctl list-units --plain --no-legend --state=active 'user@*.service' | cut -d ' ' -f 1); do
    uid=${manager#user@}
    uid=${uid%.service}
    name=$(id -nu "$uid") || continue
    case $action in
        reload) reload ;; # one after the other: each starts a JVM
        stop) stop & ;;   # all at a time: who keeps it waiting does not keep the others
    esac
done
wait
